using System.Text.Json.Nodes;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Ppo;

/// <summary>The policy from inside a training, which later rounds sample from. Five updates, of which the second one's is kept.</summary>
public sealed class EarlyPolicyTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    JsonObject Values(double earlyAt, params (string Name, JsonNode Value)[] more)
    {
        var values = round.Values("TrainPolicy", seed: 5);
        values["earlyAt"] = earlyAt;
        foreach (var (name, value) in more) values[name] = value.DeepClone();
        return values;
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.5, 0)]
    [InlineData(0.0, 2)]
    public async Task The_trained_policy_is_the_same_with_and_without_it(double ema, int loraRank)
    {
        using var run = new TestRun(round.Folder);
        (string, JsonNode)[] more = [("ema", ema), ("loraRank", loraRank)];

        var (without, with) = (await run.Completes("TrainPolicy", Values(0, more)), await run.Completes("TrainPolicy", Values(0.4, more)));

        Assert.Null(without["earlyPolicy"]);
        Assert.All(["policy", "sequenceKl", "proxyBefore", "proxyAfter"], (string name) => Assert.Equal($"{without[name]}", $"{with[name]}"));
        var early = ArtifactRef.Parse($"{with["earlyPolicy"]}");
        Assert.Equal("policy", early.Kind);
        Assert.DoesNotContain($"{early}", new[] { round.Policy, $"{with["policy"]}" });
        Assert.Empty(await run.Artifacts.VerifyAsync(early, Token));
    }

    [Theory]
    [InlineData(1)] // before the update
    [InlineData(2)] // at it
    [InlineData(4)] // after it, in a checkpoint later than the first that has it
    public async Task A_training_that_was_stopped_and_went_on_keeps_the_same_early_policy(int update)
    {
        using var undisturbed = new TestRun(round.Folder);
        using var stopped = new TestRun(round.Folder);
        using var cancel = new CancellationTokenSource();
        var expected = await undisturbed.Completes("TrainPolicy", Values(0.4));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => stopped.Runner.RunAsync("TrainPolicy", Values(0.4), new("i", "TrainPolicy") { Epoch = 1 }, new StopAt(update, cancel), cancel.Token));
        var result = await stopped.Runner.RunAsync("TrainPolicy", Values(0.4), new("i", "TrainPolicy") { Epoch = 2 }, null, Token);

        Assert.True(JsonNode.DeepEquals(expected, Assert.IsType<StepResult.Completed>(result).Outputs));
    }

    [Fact]
    public async Task A_training_that_its_divergence_ends_before_has_none()
    {
        using var run = new TestRun(round.Folder);

        var outputs = await run.Completes("TrainPolicy", Values(0.8, ("maxSequenceKl", 1e-9), ("learningRate", 0.01)));

        Assert.Null(outputs["earlyPolicy"]);
    }

    [Theory]
    [InlineData(0.01, "'earlyAt' is 0.01, update 1 of 40; expected 0, or after the 2 updates that fit the value head alone and before the last")]
    [InlineData(0.99, "'earlyAt' is 0.99, update 40 of 40")]
    [InlineData(1.0, "'earlyAt' is 1; expected 0 to 0.999999")]
    public void A_policy_that_has_not_moved_and_the_last_one_are_refused(double share, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(
            () => RecordBinding.Bind<TrainPolicy.HParams>(new() { ["earlyAt"] = share }, "TrainPolicy, hparams")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task The_next_round_samples_from_it_and_the_store_keeps_it()
    {
        using var run = new TestRun(round.Folder);
        var first = await run.Completes("StartRound", new() { ["sft"] = round.Policy, ["baseSeed"] = 1 }, "one");
        var trained = await run.Completes("TrainPolicy", Values(0.4));
        var early = ArtifactRef.Parse($"{trained["earlyPolicy"]}");
        await ReportAsync(run, first, trained);
        var second = await run.Completes("StartRound", new() { ["sft"] = round.Policy, ["baseSeed"] = 1 }, "two");
        var values = round.Values("SampleCompletions", seed: 9);
        (values["early"], values["earlyShare"]) = (second["earlyPolicy"]!.DeepClone(), 0.5);

        var completions = await run.Artifacts.ReadLinesAsync<Completion>(ArtifactRef.Parse($"{(await run.Completes("SampleCompletions", values))["completions"]}"), "completions.jsonl", Token);

        Assert.Equal((null, $"{early}"), (first["earlyPolicy"]?.GetValue<string>(), $"{second["earlyPolicy"]}"));
        Assert.InRange(completions.Count(c => c.Origin == "early"), 8, 24);
        Assert.All(completions, c => Assert.Equal(c.Origin == "early" ? early : ArtifactRef.Parse(round.Policy), c.Source));
        Assert.True(JsonNode.DeepEquals(first, await run.Completes("StartRound", new() { ["sft"] = round.Policy, ["baseSeed"] = 1, ["sameAs"] = 1 }, "again")));

        // Only the name is left of what referred to it.
        foreach (var folder in new[] { "records", "rounds" }) Directory.Delete(Path.Combine(run.Folder, folder), recursive: true);
        var collection = new GarbageCollection(run.Objects, new Later());
        var gone = await collection.RemoveAsync(await collection.FindAsync(_ => Task.FromResult<IReadOnlyCollection<ArtifactRef>>([]), TimeSpan.FromHours(24), Token), Token);
        Assert.NotEmpty(gone);
        Assert.Empty(await run.Artifacts.VerifyAsync(early, Token));
    }

    static async Task ReportAsync(TestRun run, JsonObject start, JsonObject trained)
    {
        var criteria = await run.Artifacts.PutCriteriaAsync(new(new()), Token);
        var evidence = await run.Put("evidence", EvidenceItem.File, []);
        var (champion, challenger) = (ArtifactRef.Parse($"{start["champion"]}"), ArtifactRef.Parse($"{trained["policy"]}"));
        var verdict = new GateVerdict(GateVerdict.Reject, "", null, 1, 1, 1, 0, 0, 1, 1, 1, 1, .95, 20, 1, true, [], new(), [], new Dictionary<string, string>());
        var decision = await run.Put("decision", GateDecision.File, CanonicalJson.Serialize(new GateDecision(champion, challenger, evidence, criteria, false, verdict)));
        var card = await run.Put("report-card", "card.json", CanonicalJson.Serialize(new RewardModelCard(1, 1, 1, 1, 1, 1, true, 0, 1, new(0, 0, 0, 1, []), new(null, null, null), null, null, [], [], [])));
        await run.Completes("ReportRound", new()
        {
            ["campaign"] = $"{start["campaign"]}",
            ["round"] = 1,
            ["champion"] = $"{champion}",
            ["challenger"] = $"{challenger}",
            ["preferences"] = $"{new ArtifactRef("preferences", new string('1', 64))}",
            ["rewardModel"] = $"{new ArtifactRef("reward-model", new string('1', 64))}",
            ["reportCard"] = $"{card}",
            ["evidence"] = $"{evidence}",
            ["decision"] = $"{decision}",
            ["sequenceKl"] = 1.0,
            ["proxyBefore"] = 0.0,
            ["proxyAfter"] = 1.0,
            ["earlyPolicy"] = $"{trained["earlyPolicy"]}",
        });
    }

    sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromDays(30);
    }

    /// <summary>Requests the stop after the nth update.</summary>
    sealed class StopAt(int update, CancellationTokenSource stop) : IStepObserver
    {
        public void Progress(string activity, double fraction, string message)
        {
            if (message.StartsWith($"update {update} of", StringComparison.Ordinal)) stop.Cancel();
        }

        public void Metrics(string activity, int number, IReadOnlyDictionary<string, double> values) { }

        public void Notice(string activity, string sentence) { }
    }
}
