using System.Text.Json.Nodes;
using Rlhf.Pipeline.Labeling;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;

namespace Rlhf.Pipeline.Tests.Judging;

/// <summary>Models of the store as labelers.</summary>
public sealed class OwnJudgesTests(SmallRound round) : IClassFixture<SmallRound>, IDisposable
{
    readonly TestRun _run = new(round.Folder);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    async Task<JsonObject> Asking(string labeler, string? judge, int comparisons = 4, JsonObject? besides = null)
    {
        var all = (await _run.Artifacts.ReadLinesAsync<Completion>(ArtifactRef.Parse(round.Completions), "completions.jsonl", Token)).GroupBy(c => c.PromptId)
            .Select(g => g.DistinctBy(c => c.Text).Take(2).ToList()).Where(g => g.Count == 2).Take(comparisons)
            .Select((g, i) => new Comparison($"c{i}", g[0].PromptId, Turn.User($"Prompt {i}."), g[0], g[1], "preference", "training"));
        var values = new JsonObject { ["comparisons"] = $"{await _run.Artifacts.PutAsync("comparisons", new Dictionary<string, byte[]> { ["comparisons.jsonl"] = Rlhf.Steps.Json.JsonLines.Serialize(all) }, Token)}", ["labeler"] = labeler, ["seed"] = 1 };
        if (judge is not null) values["judge"] = judge;
        foreach (var (name, value) in besides ?? []) values[name] = value?.DeepClone();
        return values;
    }

    async Task<(List<Judgement> Judgements, List<JudgedVerdicts> Verdicts, JudgeReport Report)> Judged(JsonObject values)
    {
        var artifact = ArtifactRef.Parse((await _run.Completes("CollectJudgements", values, $"i{Guid.NewGuid():N}"))["judgements"]!.GetValue<string>());
        return (
            await _run.Artifacts.ReadLinesAsync<Judgement>(artifact, "judgements.jsonl", Token), await _run.Artifacts.ReadLinesAsync<JudgedVerdicts>(artifact, "verdicts.jsonl", Token),
            await _run.Artifacts.ReadJsonAsync<JudgeReport>(artifact, "judge.json", Token));
    }

    [Fact]
    public async Task A_reward_model_prefers_what_it_scores_higher_with_the_logistic_probability_and_what_it_learned_from_simulated_labelers_is_called_so()
    {
        var (judgements, verdicts, report) = await Judged(await Asking("reward-model", round.RewardModel));

        Assert.Equal(4, judgements.Count);
        Assert.All(judgements, j => Assert.Equal((LabelerKind.Judge, true, $"judge:{ArtifactRef.Parse(round.RewardModel).Short}"), (j.Kind!.Value, j.Simulated, j.Labeler)));
        Assert.All(judgements, j => Assert.Equal(j.Probability > 0.5 ? Side.A : Side.B, j.Side));
        Assert.All(verdicts, v => Assert.Equal(v.Orders[0].Strength, Math.Abs(LogOdds(v)) switch { < 1 => 1, < 2 => 2, _ => 3 }));
        Assert.Equal((round.RewardModel, true, 0.0), (report.Model, report.Simulated, report.TieWidth!.Value));

        static double LogOdds(JudgedVerdicts v) => Math.Log(v.Orders[0].Probability!.Value / (1 - v.Orders[0].Probability!.Value));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_judge_that_had_a_part_in_training_what_it_judges_for_the_gate_is_told_of(bool hadPart)
    {
        var trained = hadPart ? ArtifactRef.Parse((await _run.Completes("TrainPolicy", round.Values("TrainPolicy", seed: 1), "trained"))["policy"]!.GetValue<string>()) : Some.Policy('9');
        var values = await Asking("reward-model", round.RewardModel);
        var comparisons = (await _run.Artifacts.ReadLinesAsync<Comparison>(ArtifactRef.Parse($"{values["comparisons"]}"), "comparisons.jsonl", Token))
            .Select(c => c with { Purpose = "evaluation-1", A = c.A with { Source = Some.Policy('8') }, B = c.B with { Source = trained } });
        values["comparisons"] = $"{await _run.Artifacts.PutAsync("comparisons", new Dictionary<string, byte[]> { ["comparisons.jsonl"] = Rlhf.Steps.Json.JsonLines.Serialize(comparisons) }, Token)}";

        await Judged(values);

        Assert.Equal(hadPart, _run.Said.Notices.Any(n => n.Contains("had a part in training a policy that it judges", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Differences_within_the_tie_width_are_ties_and_keep_their_probability()
    {
        var (judgements, _, _) = await Judged(await Asking("reward-model", round.RewardModel, besides: new() { ["judgeTieWidth"] = 100.0 }));

        Assert.All(judgements, j => Assert.Equal((Side.Tie, 0), (j.Side, j.Strength)));
        Assert.All(judgements, j => Assert.InRange(j.Probability!.Value, 0.0001, 0.9999));
    }

    [Fact]
    public async Task A_reward_model_says_the_opposite_of_exchanged_sides()
    {
        var values = await Asking("reward-model", round.RewardModel);
        var comparisons = await _run.Artifacts.ReadLinesAsync<Comparison>(ArtifactRef.Parse($"{values["comparisons"]}"), "comparisons.jsonl", Token);
        var exchanged = await _run.Artifacts.PutAsync("comparisons", new Dictionary<string, byte[]> { ["comparisons.jsonl"] = Rlhf.Steps.Json.JsonLines.Serialize(comparisons.Select(c => c with { A = c.B, B = c.A })) }, Token);

        var (straight, _, _) = await Judged(values);
        var (other, _, _) = await Judged(new JsonObject(values.Where(v => v.Key != "comparisons").Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone()))) { ["comparisons"] = $"{exchanged}" });

        Assert.Equal(straight.Select(j => j.Swapped().Side), other.Select(j => j.Side));
        Assert.All(straight.Zip(other), p => Assert.Equal(1 - p.First.Probability!.Value, p.Second.Probability!.Value, 5));
    }

    [Fact]
    public async Task A_policy_is_asked_in_both_orders_by_a_principle_and_gives_log_probabilities()
    {
        var policy = await _run.TinyPolicy(context: 2048);

        var (judgements, verdicts, report) = await Judged(await Asking("policy", policy, besides: new() { ["judgementsPerComparison"] = 2 }));
        var (again, _, _) = await Judged(await Asking("policy", policy, besides: new() { ["judgementsPerComparison"] = 2 }));

        Assert.Equal(8, judgements.Count);
        Assert.All(judgements.GroupBy(j => j.ComparisonId), g => Assert.Equal(2, g.Select(j => j.Labeler).Distinct().Count()));
        Assert.All(judgements, j => Assert.StartsWith($"judge:{ArtifactRef.Parse(policy).Short}#", j.Labeler, StringComparison.Ordinal));
        Assert.All(judgements, j => Assert.Equal((LabelerKind.Judge, false), (j.Kind!.Value, j.Simulated)));
        Assert.All(verdicts, v => Assert.Equal([Side.A, Side.B], v.Orders.Select(o => o.ShownFirst)));
        Assert.All(verdicts.SelectMany(v => v.Orders), o => Assert.Equal(o.Probability > 0.5 ? Side.A : Side.B, o.Side));
        Assert.All(verdicts.Zip(judgements), p => Assert.Equal(p.First.Orders.Average(o => o.Probability!.Value), p.Second.Probability!.Value, 12));
        Assert.True(verdicts.SelectMany(v => v.Orders).Select(o => o.Probability).Distinct().Count() > 8, "the texts make no difference");
        Assert.Equal(judgements, again);
        Assert.StartsWith("helpful-harmless-honest@", report.Constitution, StringComparison.Ordinal);
        Assert.Equal(16, report.PreferredFirst + report.PreferredSecond + report.PreferredNeither);
    }

    [Fact]
    public async Task A_question_that_does_not_fit_the_judges_context_is_an_error_and_is_not_cut()
    {
        var error = await _run.Fails("CollectJudgements", await Asking("policy", round.Policy), "another");

        Assert.Matches("^Comparison c0 takes [0-9]+ tokens with the judge's question by '[a-z-]+'; the judge's context is 96\\.$", error);
    }

    [Theory]
    [InlineData("reward-model", null, "'judge' is missing; expected the reward-model that the labeler reward-model asks")]
    [InlineData("policy", null, "'judge' is missing; expected the policy")]
    [InlineData("policy", "reward model", "expected policy/… for the labeler policy.")]
    [InlineData("reward-model", "policy", "expected reward-model/… for the labeler reward-model.")]
    public async Task A_judge_that_is_missing_or_of_another_kind_is_named(string labeler, string? judge, string says)
    {
        var error = await _run.Fails("CollectJudgements", await Asking(labeler, judge switch { null => null, "policy" => round.Policy, _ => round.RewardModel }), "another");

        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reward_model_has_one_opinion_of_a_comparison()
    {
        var error = await _run.Fails("CollectJudgements", await Asking("reward-model", round.RewardModel, besides: new() { ["judgementsPerComparison"] = 2 }), "another");

        Assert.Contains("a reward model has one opinion", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stores_judgements_of_different_labelers_on_the_same_comparisons_are_reported_together_with_both_orders_of_a_judge()
    {
        var asking = await Asking("policy", await _run.TinyPolicy(context: 2048), comparisons: 8);
        var sets = new List<ArtifactRef>();
        foreach (var (labeler, instance) in new[] { ("policy", "one"), ("simulated", "two") })
        {
            asking["labeler"] = labeler;
            asking["simulatedLateShare"] = 0.0;
            sets.Add(ArtifactRef.Parse((await _run.Completes("CollectJudgements", asking, instance))["judgements"]!.GetValue<string>()));
        }

        var content = await StoredJudgements.ReadAsync(_run.Objects, sets, Token);
        var axis = Assert.Single(JudgementReports.Of(content).Axes);

        var judgements = await _run.Artifacts.ReadLinesAsync<Judgement>(sets[0], "judgements.jsonl", Token);
        Assert.Equal(judgements.Select(j => (j.ComparisonId, j.Side, j.Strength)), content.Lines.Take(8).Select(l => (l.Item, l.Choice.Side(), l.Choice.Strength())));
        var report = await _run.Artifacts.ReadJsonAsync<JudgeReport>(sets[0], "judge.json", Token);
        var judge = axis.Kinds.Single(k => k.Kind == "judge");
        Assert.Equal((report.PreferredFirst, 16 - report.PreferredNeither), ((int)Math.Round(judge.PositionPreference!.Share * judge.PositionPreference.Of), judge.PositionPreference.Of));
        Assert.Equal(8, axis.Kinds.Single(k => k.Kind == "simulated").Judgements);
        Assert.Equal(8, axis.Agreement.ItemsJudgedTwice);
        Assert.Contains("No labeler is a person.", axis.Judges.Judges.Single().Reasons["agreement"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Judgements_of_which_nothing_says_what_was_judged_are_refused()
    {
        var stray = await _run.Put("judgements", ("judgements.jsonl", ""));

        await Assert.ThrowsAsync<InvalidDataException>(() => StoredJudgements.ReadAsync(_run.Objects, [stray], Token));
        await Assert.ThrowsAsync<ArgumentException>(() => StoredJudgements.ReadAsync(_run.Objects, [ArtifactRef.Parse(round.Policy)], Token));
    }

    [Fact]
    public async Task A_cancelled_judge_stops()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        foreach (var (labeler, judge) in new[] { ("reward-model", round.RewardModel), ("policy", round.Policy) })
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _run.Runner.RunAsync("CollectJudgements", await Asking(labeler, judge), new("i", "a"), null, cancelled.Token));
    }
}
