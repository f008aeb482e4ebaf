using System.Text.Json.Nodes;
using Rlhf.Learning.Evaluation.Overoptimization;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Overoptimization;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Overoptimization;

/// <summary>The monitor over a small training: what a checkpoint and the policy it started from write is scored, judged and made a point.</summary>
public sealed class MonitorTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    async Task<string> Trained(TestRun run, int updates, long seed = 3)
    {
        var values = round.Values("TrainPolicy", seed);
        (values["updates"], values["learningRate"]) = (updates, 0.02);
        return $"{(await run.Completes("TrainPolicy", values))["policy"]}";
    }

    JsonObject Sampling(string policy, params (string Name, JsonNode? Value)[] more) => new JsonObject
    {
        ["policy"] = policy,
        ["champion"] = round.Policy,
        ["reference"] = round.Policy,
        ["rewardModel"] = round.RewardModel,
        ["prompts"] = round.Prompts,
        ["seed"] = 7,
        ["samples"] = 24,
        ["judged"] = 20,
        ["maxNewTokens"] = 8,
        ["slots"] = 4,
        ["batchSize"] = 8,
    }.With(more);

    static Task<JsonObject> Measuring(TestRun run, JsonObject sampled, int update, params (string Name, JsonNode? Value)[] more) => run.JudgedAsync(sampled, [("update", update), .. more]);

    [Fact]
    public async Task A_checkpoint_becomes_a_point_of_proxy_and_gold_beside_the_policy_it_started_from()
    {
        using var run = new TestRun(round.Folder);
        var policy = await Trained(run, 5);
        var sampled = await run.Completes("SampleCheckpoint", Sampling(policy));
        var (checkpoint, samples) = await run.Artifacts.ReadSamplesAsync(ArtifactRef.Parse($"{sampled["samples"]}"), Token);
        var comparisons = await run.Artifacts.ReadLinesAsync<Comparison>(ArtifactRef.Parse($"{sampled["comparisons"]}"), "comparisons.jsonl", Token);

        var report = await run.ReportAsync(await run.Completes("MeasureOveroptimization", await Measuring(run, sampled, 5)));

        Assert.Equal((48, 24), (samples.Count, samples.Count(s => s.IsStart)));
        Assert.All(samples, s => Assert.False(s.Prompt.HeldOut));
        Assert.All(samples, s => Assert.Equal(s.IsStart ? round.Policy : policy, $"{s.Completion.Source}"));
        Assert.All(comparisons, c => Assert.Equal(new[] { round.Policy, policy }.Order(), new[] { $"{c.A.Source}", $"{c.B.Source}" }.Order()));
        Assert.Contains(comparisons, c => $"{c.A.Source}" == policy);
        Assert.Contains(comparisons, c => $"{c.B.Source}" == policy);
        var point = Assert.Single(report.Points);
        Assert.Equal((policy, 5, 24, comparisons.Count, true), ($"{point.Policy}", point.Update, point.Samples, point.Judged, point.Simulated));
        Assert.Equal(Math.Max(0, checkpoint.Kl), point.Kl);
        Assert.Equal(checkpoint.Kl, checkpoint.KlToReference);
        var start = samples.Where(s => s.IsStart).Select(s => s.Score).ToList();
        var deviation = Math.Sqrt(start.Sum(s => Math.Pow(s - start.Average(), 2)) / (start.Count - 1));
        Assert.Equal((samples.Where(s => !s.IsStart).Average(s => s.Score) - start.Average()) / deviation, point.Proxy.Value, 9);
        Assert.InRange(point.Gold.Value, point.Gold.Lower, point.Gold.Upper);
        Assert.Equal((MonitorVerdict.Stop, policy), (report.Verdict, $"{report.Best}"));
        Assert.Contains("The training is at its end.", report.Reasons);
        Assert.Contains("carry no law", report.Refused, StringComparison.Ordinal);
        Assert.Equal(["length", "outliers", "rareTokens", "refusals", "repetition"], report.Signs.Select(s => s.Name).Order());
    }

    [Fact]
    public async Task Gold_is_what_the_judgements_say_of_the_checkpoint_with_how_much_better_they_find_a_side()
    {
        using var run = new TestRun(round.Folder);
        var policy = await Trained(run, 5);
        var values = await Measuring(run, await run.Completes("SampleCheckpoint", Sampling(policy)), 5);
        var comparisons = await run.Artifacts.ReadComparisonsAsync(ArtifactRef.Parse($"{values["comparisons"]}"), Token);
        var collected = await run.Artifacts.ReadCollectedAsync(ArtifactRef.Parse($"{values["judgements"]}"), comparisons, Token);
        double[] strengths = [.. collected.Select(c => (double)(c.Judgements.Single() is { Side: not Side.Tie } judgement ? judgement.Strength * (($"{c.Comparison.A.Source}" == policy) == (judgement.Side == Side.A) ? 1 : -1) : 0))];

        var point = (await run.ReportAsync(await run.Completes("MeasureOveroptimization", values))).Points.Single();

        Assert.True(strengths.Select(Math.Abs).Distinct().Count() > 2);
        var (gold, signs) = (JudgedGain.Of(strengths), JudgedGain.Of([.. strengths.Select(s => (double)Math.Sign(s))]));
        Assert.Equal(gold, new(point.Gold.Value, point.Gold.Lower, point.Gold.Upper));
        Assert.NotEqual(signs.Value, gold.Value, 3);
    }

    [Fact]
    public async Task The_KL_of_the_best_is_given_to_where_the_training_started_and_to_the_reference_policy()
    {
        using var run = new TestRun(round.Folder);
        var sampled = await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 5), ("champion", await Trained(run, 3))));
        var (checkpoint, _) = await run.Artifacts.ReadSamplesAsync(ArtifactRef.Parse($"{sampled["samples"]}"), Token);

        var measured = await run.Completes("MeasureOveroptimization", await Measuring(run, sampled, 5));

        Assert.NotEqual(checkpoint.Kl, checkpoint.KlToReference);
        Assert.Equal((Math.Max(0, checkpoint.Kl), checkpoint.KlToReference), ((double)measured["bestKl"]!, (double)measured["bestKlToReference"]!));
    }

    [Fact]
    public async Task Points_add_up_over_the_checkpoints_of_one_training_and_of_no_other()
    {
        using var run = new TestRun(round.Folder);
        var (first, second) = (await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 4))), await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 5))));
        var one = (await run.Completes("MeasureOveroptimization", await Measuring(run, first, 4)))["overoptimization"];

        var two = await run.ReportAsync(await run.Completes("MeasureOveroptimization", await Measuring(run, second, 5, ("overoptimization", one))));

        Assert.Equal([4, 5], two.Points.Select(p => p.Update));
        Assert.Contains("at update 4, is among the points of", await run.Fails("MeasureOveroptimization", await Measuring(run, first, 4, ("overoptimization", one))), StringComparison.Ordinal);
        var elsewhere = await run.Completes("SampleCheckpoint", Sampling(round.Policy, ("champion", await Trained(run, 3)), ("policy", round.Policy)));
        Assert.Contains("The starting policy of", await run.Fails("MeasureOveroptimization", await Measuring(run, elsewhere, 9, ("overoptimization", one))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Judgements_of_other_comparisons_are_refused()
    {
        using var run = new TestRun(round.Folder);
        var (first, second) = (await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 4))), await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 5))));
        var values = await Measuring(run, first, 4);
        values["samples"] = second["samples"]!.DeepClone();

        Assert.Contains("expected comparisons and samples of one step", await run.Fails("MeasureOveroptimization", values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_that_is_the_start_itself_is_refused()
    {
        using var run = new TestRun(round.Folder);

        Assert.Contains("'policy' and 'champion' are both", await run.Fails("SampleCheckpoint", Sampling(round.Policy)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(16)]
    public async Task Sampling_that_was_stopped_anywhere_goes_on_and_ends_the_same(int progress)
    {
        using var undisturbed = new TestRun(round.Folder);
        using var stopped = new TestRun(round.Folder);
        var policy = await Trained(undisturbed, 4);
        Assert.Equal(policy, await Trained(stopped, 4));

        await Judged.AssertGoesOnAsync(undisturbed, stopped, "SampleCheckpoint", Sampling(policy), progress);
    }

    [Fact]
    public async Task Each_checkpoint_draws_prompts_of_its_own()
    {
        using var run = new TestRun(round.Folder);
        var drawn = new List<string>();
        foreach (var updates in new[] { 4, 5 })
        {
            var sampled = await run.Completes("SampleCheckpoint", Sampling(await Trained(run, updates), ("samples", 10), ("judged", 10)));
            drawn.Add(string.Join(' ', (await run.Artifacts.ReadSamplesAsync(ArtifactRef.Parse($"{sampled["samples"]}"), Token)).Samples.Select(s => s.Prompt.Id).Distinct()));
        }

        Assert.NotEqual(drawn[0], drawn[1]);
    }

    [Fact]
    public async Task PPO_goes_on_only_where_there_is_a_training_to_go_on_with()
    {
        using var run = new TestRun(round.Folder);
        var values = await Measuring(run, await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 5))), 5);
        JsonObject With(ArtifactRef training)
        {
            var more = values.DeepClone().AsObject();
            more["training"] = $"{training}";
            return more;
        }

        var going = Assert.IsType<StepResult.Completed>(await run.Run("MeasureOveroptimization", With(await Stopped(run))));
        var ended = Assert.IsType<StepResult.Completed>(await run.Run("MeasureOveroptimization", values));

        Assert.Equal(("Continue", "Stop"), (going.Outcome, ended.Outcome));
        var (before, after) = (await run.ReportAsync(going.Outputs), await run.ReportAsync(ended.Outputs));
        Assert.Equal(["The training is at its end."], after.Reasons.Except(before.Reasons));
        Assert.Equal(before.Points.Select(p => p.Kl), after.Points.Select(p => p.Kl));
        Assert.Contains($"'training' is {ArtifactRef.Parse(round.Policy).Short}; expected a training.", await run.Fails("MeasureOveroptimization", With(ArtifactRef.Parse(round.Policy))), StringComparison.Ordinal);
    }

    // The monitor looks at nothing but that it is there.
    static Task<ArtifactRef> Stopped(TestRun run) => run.Put("training", "training.json", "{}"u8.ToArray());

    [Theory]
    [InlineData("mostHiddenDistance", "hidden states lie")]
    [InlineData("mostAccuracyLoss", "The reward model is right on")]
    [InlineData("mostCalibrationLoss", "Its calibration error is")]
    public async Task A_reward_model_far_from_what_it_was_trained_on_is_to_be_refreshed(string threshold, string sentence)
    {
        using var run = new TestRun(round.Folder);
        var sampled = await run.Completes("SampleCheckpoint", Sampling(await Trained(run, 5)));
        // A card that promised much more than any reward model keeps.
        var card = await run.Put("report-card", "card.json", CanonicalJson.Serialize(
            new RewardModelCard(200, 1, 1, 1, 1, 1, true, 0, 1, new(0, 0, 0, 1, []), new(null, null, null), null, null, [], [], [])));
        (string, JsonNode?)[] given = [("training", $"{await Stopped(run)}"), ("reportCard", $"{card}"), ("mostHiddenDistance", 1000), ("mostAccuracyLoss", 1), ("mostCalibrationLoss", 1)];

        var calm = Assert.IsType<StepResult.Completed>(await run.Run("MeasureOveroptimization", await Measuring(run, sampled, 5, given)));
        var alarmed = Assert.IsType<StepResult.Completed>(await run.Run("MeasureOveroptimization", await Measuring(run, sampled, 5, [.. given, (threshold, 0)])));

        Assert.Equal(("Continue", "Refresh"), (calm.Outcome, alarmed.Outcome));
        Assert.Contains((await run.ReportAsync(alarmed.Outputs)).Reasons, r => r.Contains(sentence, StringComparison.Ordinal));
        Assert.Contains(run.Said.Notices, n => n.Contains(sentence, StringComparison.Ordinal));
    }
}
