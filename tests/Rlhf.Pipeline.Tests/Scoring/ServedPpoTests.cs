using System.Text.Json.Nodes;
using Rlhf.Pipeline.Scoring;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Tests.Scoring;

public sealed class ServedPpoTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    JsonObject Values(params (string Name, JsonNode Value)[] more)
    {
        var values = round.Values("TrainPolicy", seed: 7);
        values["deterministicScores"] = true;
        foreach (var (name, value) in more) values[name] = value.DeepClone();
        return values;
    }

    async Task<RewardServing> Serve(TestRun run) => await RewardServing.OpenAsync(
        [new("rm", round.RewardModel)], run.Objects, (text, _) => Task.FromResult(ArtifactRef.Parse(text)), new() { PassThreads = ServingOptions.MostPassThreads }, TimeProvider.System, new ServingMeter(), _ => { }, Token);

    async Task<string> InProcess(params (string, JsonNode)[] more)
    {
        using var run = new TestRun(round.Folder);
        return (await run.Completes("TrainPolicy", Values(more)))["policy"]!.GetValue<string>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("rewardModel")]
    public async Task In_deterministic_mode_served_scores_train_the_same_weights_as_scores_in_process(string valueInit)
    {
        (string, JsonNode)[] more = valueInit.Length == 0 ? [] : [("valueInit", valueInit)];
        var expected = await InProcess(more);
        using var store = new TestRun(round.Folder);
        await using var serving = await Serve(store);
        var counted = new Counted(serving);
        using var run = new TestRun(round.Folder, scoring: counted);

        var outputs = await run.Completes("TrainPolicy", Values(more));

        Assert.Equal(expected, outputs["policy"]!.GetValue<string>());
        Assert.Equal(5 * 8, counted.Texts);
    }

    [Fact]
    public async Task Helpfulness_and_safety_are_both_asked()
    {
        var expected = await InProcess(("safetyRewardModel", round.RewardModel), ("axesRule", "weighted"));
        using var store = new TestRun(round.Folder);
        await using var serving = await Serve(store);
        var counted = new Counted(serving);
        using var run = new TestRun(round.Folder, scoring: counted);

        var outputs = await run.Completes("TrainPolicy", Values(("safetyRewardModel", round.RewardModel), ("axesRule", "weighted")));

        Assert.Equal(expected, outputs["policy"]!.GetValue<string>());
        Assert.Equal(2 * 5 * 8, counted.Texts);
    }

    [Fact]
    public async Task When_no_server_answers_the_step_fails_as_transient_and_goes_on_later_to_the_same_weights()
    {
        var expected = await InProcess();
        using var store = new TestRun(round.Folder);
        await using var serving = await Serve(store);
        var counted = new Counted(serving) { FailsAfter = 20 };
        using var run = new TestRun(round.Folder, scoring: counted);

        var failed = Assert.IsType<StepResult.Failed>(await run.Run("TrainPolicy", Values()));
        counted.FailsAfter = int.MaxValue;
        var outputs = await run.Completes("TrainPolicy", Values());

        Assert.True(failed.Transient);
        Assert.Equal("The servers are gone.", failed.Reason);
        Assert.Equal(expected, outputs["policy"]!.GetValue<string>());
        // The rollouts that were learnt from before were not scored again.
        Assert.InRange(counted.Texts, 5 * 8, 6 * 8);
    }

    [Theory]
    [InlineData("model")]
    [InlineData("count")]
    [InlineData("infinite")]
    [InlineData("members")]
    public async Task An_answer_that_is_foreign_short_or_not_finite_is_never_learnt_from(string wrong)
    {
        using var store = new TestRun(round.Folder);
        await using var serving = await Serve(store);
        using var run = new TestRun(round.Folder, scoring: new Lying(serving, wrong));

        var failed = Assert.IsType<StepResult.Failed>(await run.Run("TrainPolicy", Values()));

        Assert.True(failed.Transient);
        Assert.Contains("expected", failed.Reason, StringComparison.Ordinal);
    }

    sealed class Counted(IRewardScoring inner) : IRewardScoring
    {
        int _texts;

        public int Texts => _texts;

        public int FailsAfter { get; set; } = int.MaxValue;

        public async Task<RewardScores> ScoreAsync(ScoringRequest request, CancellationToken cancellationToken)
        {
            if (_texts >= FailsAfter) throw new IOException("The servers are gone.");
            var answer = await inner.ScoreAsync(request, cancellationToken);
            Interlocked.Add(ref _texts, request.Texts.Count);
            return answer;
        }
    }

    sealed class Lying(IRewardScoring inner, string how) : IRewardScoring
    {
        public async Task<RewardScores> ScoreAsync(ScoringRequest request, CancellationToken cancellationToken)
        {
            var answer = await inner.ScoreAsync(request, cancellationToken);
            return how switch
            {
                "model" => answer with { Model = new("reward-model", new('0', 64)) },
                "count" => answer with { Scores = [.. answer.Scores.Skip(1)] },
                "members" => answer with { Scores = [.. answer.Scores.Select(s => s with { Members = [s.Score, s.Score] })] },
                _ => answer with { Scores = [.. answer.Scores.Select(s => s with { Members = [float.PositiveInfinity] })] },
            };
        }
    }
}
