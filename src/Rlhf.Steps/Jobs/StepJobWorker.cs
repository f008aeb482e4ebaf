using System.Collections.Concurrent;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Jobs;

/// <summary>
/// Runs the jobs that an engine leaves in a store, until it is stopped: takes those whose time has come and which nobody has, says that it lives while a
/// step runs, and leaves the answer. A worker that was not heard of for a lease is dead, and the next one goes on from the last checkpoint.
/// </summary>
/// <param name="queues">How many steps at once, by queue; jobs of other queues are left to others.</param>
/// <param name="lease">How long nothing may be heard of a worker before another one takes its step; three heartbeats and more.</param>
/// <param name="log">A sentence for the operator.</param>
/// <param name="happened">Whether an event has happened that the engine does not hear of, such as the last answer at a desk of this store; asked every few seconds while a job waits.</param>
public sealed class StepJobWorker(
    StoredStepJobs jobs, StepRunner runner, TimeProvider time, IReadOnlyDictionary<string, int> queues, TimeSpan lease, IStepObserver? observer, Action<string> log,
    Func<string, CancellationToken, Task<bool>>? happened = null)
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5), BetweenLooks = TimeSpan.FromSeconds(5);

    readonly string _name = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid().ToString("N")[..6]}";
    readonly Dictionary<string, int> _versions = runner.Steps.ToDictionary(s => s.Name, s => s.Version);
    readonly ConcurrentDictionary<string, (string Queue, Task Task)> _running = new();
    readonly Dictionary<string, StepJob> _known = [];
    DateTimeOffset _looked;
    Task _look = Task.CompletedTask;

    /// <summary>Works until cancelled; then steps may reach their next checkpoint, for as long as said, and what is not done is given back.</summary>
    public async Task RunAsync(TimeSpan drain, CancellationToken cancellationToken)
    {
        using var stop = new CancellationTokenSource();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await TakeAsync(cancellationToken, stop.Token);
                await Task.Delay(Pause, time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                log($"Jobs could not be read: {e.Message}");
                await Task.WhenAny(Task.Delay(lease / 6, time, cancellationToken));
            }
        }
        var left = Task.WhenAll([.. _running.Values.Select(r => r.Task), _look]);
        if (await Task.WhenAny(left, Task.Delay(drain, time, CancellationToken.None)) != left) await stop.CancelAsync();
        await left;
    }

    async Task TakeAsync(CancellationToken drain, CancellationToken stop)
    {
        var open = await jobs.EntriesAsync(drain);
        foreach (var gone in _known.Keys.Where(id => !open.ContainsKey(id)).ToList()) _known.Remove(gone);
        List<StepJob> waiting = [];
        foreach (var (id, entries) in open)
        {
            if (_running.ContainsKey(id) || !entries.Has("job.json") || entries.Has("answer.json")) continue;
            var (epoch, heard) = entries.Claim();
            if (heard is { } at && time.GetUtcNow() - at < lease) continue;
            if (!_known.TryGetValue(id, out var job))
            {
                if (await jobs.FindAsync(id, drain) is not { } found) continue;
                _known[id] = job = found;
            }
            if (!IsDue(job, entries))
            {
                waiting.Add(job);
                continue;
            }
            if (!IsOurs(job) || !await jobs.ClaimAsync(id, epoch + 1, _name, drain)) continue;
            // On a thread of its own: a step computes for minutes before its first await.
            _running[id] = (job.Queue, Task.Run(() => WorkAsync(job, epoch + 1, drain, stop), CancellationToken.None));
        }
        if (_look.IsFaulted) await _look;
        if (happened is null || !_look.IsCompleted || time.GetUtcNow() - _looked < BetweenLooks) return;
        _looked = time.GetUtcNow();
        // Beside everything else: whoever is asked may be away, and takes long to say so.
        _look = Task.Run(() => LookAsync(waiting, drain), CancellationToken.None);
    }

    /// <summary>Wakes those for whom an event has happened.</summary>
    async Task LookAsync(IReadOnlyList<StepJob> waiting, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var job in waiting)
                if (await HasHappenedAsync(job, cancellationToken)) await jobs.WakeAsync(job.Id, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The worker stops.
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            log($"Whether jobs are to be woken could not be seen: {e.Message}");
        }
    }

    bool IsDue(StepJob job, JobEntries entries) => job.NotBefore is not { } due || due <= time.GetUtcNow() || entries.Has("woken.json");

    async Task<bool> HasHappenedAsync(StepJob job, CancellationToken cancellationToken)
    {
        foreach (var name in job.Events ?? [])
            if (await happened!(name, cancellationToken)) return true;
        return false;
    }

    bool IsOurs(StepJob job) =>
        queues.TryGetValue(job.Queue, out var most) && _running.Values.Count(r => r.Queue == job.Queue) < most && _versions.GetValueOrDefault(job.Step) == job.StepVersion;

    async Task WorkAsync(StepJob job, int epoch, CancellationToken drain, CancellationToken stop)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var finished = new CancellationTokenSource();
        try
        {
            var beats = BeatAsync(job.Id, epoch, lost, finished.Token);
            var answer = await AnswerAsync(job, epoch, lost.Token, drain);
            await finished.CancelAsync();
            if (!await beats) log($"{job.Activity} of instance {job.Instance}: cancelled or taken over while this worker had it; its answer is not kept.");
            else if (answer is null) await jobs.ReleaseAsync(job.Id, epoch, CancellationToken.None);
            else await InsistAsync(() => jobs.AnswerAsync(job.Id, answer, CancellationToken.None), stop);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            log($"{job.Activity} of instance {job.Instance}: {e.Message}");
        }
        finally
        {
            _running.TryRemove(job.Id, out _);
        }
    }

    /// <summary>Null where the step was stopped before it had an answer.</summary>
    async Task<StepAnswer?> AnswerAsync(StepJob job, int epoch, CancellationToken cancellationToken, CancellationToken drain)
    {
        try
        {
            var execution = new StepExecution(job.Instance, job.Activity, job.State) { Epoch = epoch, Workflow = job.Workflow };
            return StepAnswer.Of(await runner.RunAsync(job.Step, job.Values, execution, observer, cancellationToken, drain));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || drain.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            // What the runner does not turn into an answer is a fault of the program: the instance keeps it as its reason.
            return new(AnswerKind.Failed) { Reason = $"{e.GetType().Name}: {e.Message}", Transient = e is OperationCanceledException };
        }
    }

    async Task<bool> BeatAsync(string id, int epoch, CancellationTokenSource lost, CancellationToken finished)
    {
        while (true)
        {
            try
            {
                await Task.Delay(TimeSpan.FromTicks(Math.Min(lease.Ticks / 6, TimeSpan.TicksPerSecond)), time, finished);
                if (await jobs.BeatAsync(id, epoch, _name, finished)) continue;
                await lost.CancelAsync();
                return false;
            }
            catch (OperationCanceledException)
            {
                return true;
            }
            catch (IOException)
            {
                // Cut off: work on; the answer will find out whether the job is still ours.
            }
        }
    }

    async Task InsistAsync(Func<Task> action, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await action();
                return;
            }
            catch (IOException) when (!stop.IsCancellationRequested)
            {
                await Task.Delay(Pause, time, stop);
            }
        }
    }
}
