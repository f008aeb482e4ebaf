using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Running;

/// <summary>What others see of a step before its record stands.</summary>
public sealed class RunningStepsTests : IDisposable
{
    readonly TemporaryStore _store = new();
    readonly List<string> _unreadable = [];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    Task<IReadOnlyList<RunningStep>> ListAsync(Predicate<string>? isFinished = null) =>
        new RunningSteps(_store.Objects).ListAsync(isFinished ?? (_ => false), _unreadable, Token);

    // Saves so many checkpoints, then does what the test says.
    Task<StepResult> RunAsync(int saves, Func<Task> then, string instance = "instance-1") => Some.Runner(_store, new Some.Step(StepKind.Pure, async (_, _, context) =>
    {
        for (var n = 1; n <= saves; n++)
        {
            context.Journal.Log(n, new Dictionary<string, double> { ["loss"] = n });
            await context.Checkpoints.SaveAsync(n, Some.Files(("state", $"{n}")), Token);
        }
        context.Journal.Log(saves + 1, new Dictionary<string, double> { ["loss"] = saves + 1 });
        await then();
        return Some.Step.Done(1);
    })).RunAsync("Multiply", Some.Values(("number", 3)), new(instance, "multiply"), null, Token);

    [Fact]
    public async Task A_step_tells_with_its_first_checkpoint_who_it_is_and_leaves_nothing_of_it_behind_its_record()
    {
        var running = new List<RunningStep>();
        await RunAsync(saves: 2, async () => running.AddRange(await ListAsync()));

        var step = Assert.Single(running);
        var record = Assert.Single(await new StepRecords(_store.Objects).ListAsync(Token));
        Assert.Equal((record.Key, "Multiply", "instance-1", "multiply", record.StartedAt), (step.Start.Key, step.Start.Step, step.Start.Instance, step.Start.Activity, step.Start.StartedAt));
        Assert.Equal("3", $"{step.Start.Inputs["number"]}");
        Assert.Equal([1, 2], step.Lines.Select(l => l.Update));
        Assert.Equal(2, step.Journal!.Lines);
        Assert.Empty(_store.Files("checkpoints"));
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task A_step_without_a_checkpoint_or_with_a_record_is_not_among_them()
    {
        var (none, some, finished) = (-1, -1, -1);
        await RunAsync(saves: 0, async () =>
        {
            none = (await ListAsync()).Count;
            await RunAsync(saves: 1, async () => (some, finished) = ((await ListAsync()).Count, (await ListAsync(_ => true)).Count));
        });

        Assert.Equal((0, 1, 0), (none, some, finished));
    }

    [Fact]
    public async Task Of_two_instances_that_compute_one_step_it_is_the_one_that_began_last()
    {
        var running = new List<RunningStep>();
        await RunAsync(saves: 1, () => RunAsync(saves: 2, async () => running.AddRange(await ListAsync()), "instance-2"));

        Assert.Equal("instance-2", Assert.Single(running).Start.Instance);
    }

    [Fact]
    public async Task One_whose_start_cannot_be_read_is_told_and_left_out()
    {
        await RunAsync(saves: 1, async () =>
        {
            await File.WriteAllTextAsync(_store.Files("checkpoints").Single(f => f.Contains("starts", StringComparison.Ordinal)), "{}", Token);
            Assert.Empty(await ListAsync());
        });

        Assert.Contains("starts/", Assert.Single(_unreadable), StringComparison.Ordinal);
    }
}
