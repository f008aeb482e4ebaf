using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Tests.Support;

/// <summary>
/// A worker on one step: resumes, then saves one checkpoint after another. Its lines carry its attempt, so that a journal tells who wrote it, and
/// the state names all lines that belong to it.
/// </summary>
sealed class CheckpointWriter
{
    public const string Key = "0123456789abcdef";

    readonly Task _run;

    public CheckpointWriter(IObjectStore objects, int epoch, int saves, ulong attempt = 0)
    {
        Store = new(objects);
        // Off the test's synchronization context, on which a turn would only be posted, not taken.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        _run = RunAsync(epoch, saves, attempt);
        SynchronizationContext.SetSynchronizationContext(context);
    }

    public TurnObjectStore Store { get; }

    public bool Done => _run.IsCompleted;

    public void Advance()
    {
        Store.Advance();
        if (_run.IsFaulted) throw _run.Exception!;
        if (!_run.IsCompleted && !Store.Waits) throw new InvalidOperationException("The writer does not wait for its turn.");
    }

    async Task RunAsync(int epoch, int saves, ulong attempt)
    {
        var journal = new MetricJournal(TimeProvider.System);
        var checkpoints = Open(Store, epoch, journal, attempt);
        var start = (await checkpoints.LoadAsync(default).ConfigureAwait(false))?.Number ?? 0;
        for (var number = start + 1; number <= start + saves; number++)
        {
            journal.Log(number, new Dictionary<string, double> { ["attempt"] = attempt });
            await checkpoints.SaveAsync(number, State(journal), default).ConfigureAwait(false);
        }
    }

    public static Checkpoints Open(IObjectStore objects, int epoch, MetricJournal journal, ulong attempt = 0) =>
        new(objects, Key, epoch, journal, TimeProvider.System, TimeSpan.Zero) { Attempt = attempt };

    public static Dictionary<string, byte[]> State(MetricJournal journal) =>
        new() { ["state"] = Encoding.ASCII.GetBytes(Text(journal)) };

    /// <summary>
    /// What a worker that took over now would find: the newest checkpoint ever made whole, with the journal that belongs to it. Returns its number.
    /// </summary>
    public static int AssertResumes(MemoryObjectStore objects)
    {
        var newest = Whole(objects).DefaultIfEmpty().Max();
        var journal = new MetricJournal(TimeProvider.System);

        var load = Open(objects, epoch: 9, journal).LoadAsync(default);

        var checkpoint = load.IsCompletedSuccessfully ? load.Result : throw load.Exception!;
        Assert.Equal(newest.Number, checkpoint?.Number ?? 0);
        if (checkpoint is null) return 0;
        Assert.Equal(Text(journal), Encoding.ASCII.GetString(checkpoint.Bytes()));
        Assert.Equal(Enumerable.Range(1, newest.Number), journal.Lines.Select(l => l.Update));
        Assert.Equal(newest.Attempt, journal.Lines[^1].Value);
        return newest.Number;
    }

    /// <summary>Where a checkpoint was ever made whole, removed since or not.</summary>
    public static IEnumerable<CheckpointPlace> Whole(MemoryObjectStore objects) =>
        objects.Created.Select(name => CheckpointPlace.Parse(name[$"checkpoints/{Key}/".Length..])!.Value).Where(e => e.IsPointer).Select(e => e.Place);

    static string Text(MetricJournal journal) => string.Join(' ', journal.Lines.Select(l => $"{l.Update}:{l.Value}:{l.At.Ticks}"));
}
