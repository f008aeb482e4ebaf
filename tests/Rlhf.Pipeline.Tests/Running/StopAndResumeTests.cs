using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Running;

/// <summary>Every long step stops in the middle, leaves its checkpoint, and ends elsewhere with the artifact of a run that was never stopped.</summary>
public sealed class StopAndResumeTests(SmallRound round) : IClassFixture<SmallRound>
{
    const long Seed = 2;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> LongSteps => ["PreparePolicy", "SampleCompletions", "TrainRewardModel", "TrainPolicy", "SampleEvaluation"];

    [Theory]
    [MemberData(nameof(LongSteps))]
    public async Task A_drained_step_hands_over_at_once_and_ends_with_the_same_artifact_and_metrics(string step)
    {
        using var undisturbed = new TestRun(round.Folder);
        using var drained = new TestRun(round.Folder);
        using var drain = new CancellationTokenSource();
        var stopping = new StopAt(progress: 2, drain);
        var expected = await undisturbed.Completes(step, round.Values(step, Seed));

        await Assert.ThrowsAsync<StepDrainedException>(() => drained.Runner.RunAsync(step, round.Values(step, Seed), new("i", step) { Epoch = 1 }, stopping, Token, drain.Token));
        var handedOver = drained.Checkpoints();
        var result = await drained.Runner.RunAsync(step, round.Values(step, Seed), new("i", step) { Epoch = 2 }, null, Token);

        Assert.Equal(2, stopping.Seen);
        Assert.Single(handedOver);
        Assert.True(JsonNode.DeepEquals(expected, Assert.IsType<StepResult.Completed>(result).Outputs));
        Assert.Equal(await Metrics(undisturbed, step), await Metrics(drained, step));
        Assert.Empty(drained.Checkpoints());
    }

    [Theory]
    [MemberData(nameof(LongSteps))]
    public async Task A_cancelled_step_stops_before_its_next_update_and_its_checkpoint_stays(string step)
    {
        using var undisturbed = new TestRun(round.Folder);
        using var cancelled = new TestRun(round.Folder);
        using var cancel = new CancellationTokenSource();
        var stopping = new StopAt(progress: 3, cancel);
        var expected = await undisturbed.Completes(step, round.Values(step, Seed));

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => cancelled.Runner.RunAsync(step, round.Values(step, Seed), new("i", step) { Epoch = 1 }, stopping, cancel.Token));
        var left = cancelled.Checkpoints();
        var result = await cancelled.Runner.RunAsync(step, round.Values(step, Seed), new("i", step) { Epoch = 2 }, null, Token);

        Assert.IsNotType<StepDrainedException>(error);
        Assert.Equal(3, stopping.Seen);
        Assert.Single(left);
        Assert.True(JsonNode.DeepEquals(expected, Assert.IsType<StepResult.Completed>(result).Outputs));
    }

    static async Task<List<(string, int, double)>> Metrics(TestRun run, string step)
    {
        var record = (await new StepRecords(run.Objects).ListAsync(Token)).Single(r => r.Step == step && r.Inputs["seed"]!.GetValue<long>() == Seed);
        return record.Journal is null ? [] : [.. (await MetricJournal.ReadAsync(run.Objects, record.Journal, Token)).Select(l => (l.Metric, l.Update, l.Value))];
    }
}
