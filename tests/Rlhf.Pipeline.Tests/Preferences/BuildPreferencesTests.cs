using System.Text.Json.Nodes;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Tests.Preferences;

public sealed class BuildPreferencesTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    static Judgement By(Side side, int strength = 1, string labeler = "someone", string comparison = "c") => new(comparison, labeler, side, strength, 1, false);

    static PreferencePair Pair(Comparison comparison, params Judgement[] judgements) =>
        Consensus.Of([], ConsensusRule.Majority).Pair(new(comparison, judgements));

    [Fact]
    public void The_majority_is_chosen_with_probability_margin_and_agreement()
    {
        var pair = Pair(Some.Comparison(), By(Side.B, 3), By(Side.B, 1), By(Side.A, 1), By(Side.Tie, 0));

        Assert.Equal((" second", " first"), (pair.Chosen, pair.Rejected));
        Assert.Equal(0.625, pair.Probability);
        Assert.Equal(0.5, pair.Agreement);
        Assert.Equal(0.25, pair.Margin, 9);
    }

    [Fact]
    public void Without_a_majority_the_pair_is_a_tie_without_margin()
    {
        var pair = Pair(Some.Comparison(), By(Side.A, 3), By(Side.B, 1));

        Assert.True(pair.IsTie);
        Assert.Equal((0.5, 0.5, 0.0), (pair.Probability, pair.Agreement, pair.Margin));
    }

    [Fact]
    public void Labelers_who_all_see_a_tie_agree() => Assert.Equal(1, Pair(Some.Comparison(), By(Side.Tie, 0), By(Side.Tie, 0)).Agreement);

    [Fact]
    public void Held_out_comparisons_make_held_out_pairs() => Assert.True(Pair(Some.Comparison(purpose: "heldOut"), By(Side.A)).HeldOut);

    [Fact]
    public async Task Pairs_grow_old_by_the_round_and_what_judges_alone_said_counts_less()
    {
        var (comparisons, judgements) = await Put([.. Ids.Select(c => By(Side.A, comparison: c))]);
        var first = await Built(new() { ["comparisons"] = comparisons, ["judgements"] = judgements, ["round"] = 1 });
        var (asked, by) = await PutJudged();
        var second = await Built(new() { ["comparisons"] = asked, ["judgements"] = by, ["earlier"] = first, ["round"] = 3, ["ageWeight"] = 0.5, ["judgeWeight"] = 0.1 });

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse(second), Token);
        Assert.All(pairs.Where(p => p.HeldOut), p => Assert.Equal(1, p.Weight));
        Assert.Equal(0.1, Assert.Single(pairs, p => p.ComparisonId == "new").Weight);
        Assert.All(pairs.Where(p => p is { HeldOut: false } && p.ComparisonId != "new"), p => Assert.Equal(0.25, p.Weight));
    }

    [Fact]
    public async Task Of_earlier_rounds_only_the_replayed_share_is_trained_on_again()
    {
        var (comparisons, judgements) = await Put([.. Ids.Select(c => By(Side.A, comparison: c))]);
        var first = await Built(new() { ["comparisons"] = comparisons, ["judgements"] = judgements, ["round"] = 1 });
        var (asked, by) = await PutJudged();
        var second = await Built(new() { ["comparisons"] = asked, ["judgements"] = by, ["earlier"] = first, ["round"] = 2, ["replay"] = 0.0 });

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse(second), Token);
        Assert.All(pairs.Where(p => !p.HeldOut), p => Assert.Equal(p.ComparisonId == "new" ? 1 : 0, p.Weight));
        Assert.Contains(pairs, p => p.HeldOut);
    }

    [Fact]
    public async Task Ages_without_a_round_are_refused()
    {
        var (comparisons, judgements) = await Put([.. Ids.Select(c => By(Side.A, comparison: c))]);

        Assert.Contains("'round' is not given", await _run.Fails("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = judgements, ["ageWeight"] = 0.5 }), StringComparison.Ordinal);
    }

    async Task<string> Built(JsonObject values) => $"{(await _run.Completes("BuildPreferences", values, $"{values["round"]}"))["preferences"]}";

    /// <summary>One comparison for training and one held out, which an AI judge alone has answered.</summary>
    async Task<(string Comparisons, string Judgements)> PutJudged()
    {
        var (train, heldOut) = (Some.Comparison(), Some.Comparison(purpose: "heldOut"));
        Comparison[] asked = [train with { Id = "new", PromptId = "newPrompt" }, heldOut with { Id = "newHeldOut", PromptId = "newHeldOutPrompt" }];
        Judgement[] given = [.. asked.Select(c => By(Side.A, comparison: c.Id) with { Kind = LabelerKind.Judge })];
        return ($"{await _run.Artifacts.PutComparisonsAsync(asked, Token)}", $"{await _run.Artifacts.PutJudgementsAsync(asked, 1, given, new Dictionary<string, byte[]>(), Token)}");
    }

    [Fact]
    public async Task A_comparison_that_nobody_judged_is_an_error()
    {
        var (comparisons, judgements) = await Put(By(Side.A, comparison: "c0"));

        Assert.Contains("has no judgement", await _run.Fails("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = judgements }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_whose_judgements_never_came_is_left_out_with_the_reason_until_a_later_round_has_some()
    {
        var comparisons = Comparisons(swapped: false);
        Judgement[] given = [.. Ids.Skip(2).Select(c => By(Side.A, comparison: c))];
        var partly = await _run.Artifacts.PutJudgementsAsync(comparisons, 2, given, new Dictionary<string, byte[]>(), Token);
        var set = $"{await _run.Artifacts.PutComparisonsAsync(comparisons, Token)}";

        var first = ArtifactRef.Parse($"{(await _run.Completes("BuildPreferences", new() { ["comparisons"] = set, ["judgements"] = $"{partly}" }))["preferences"]}");
        var others = await _run.Artifacts.PutJudgementsAsync(comparisons, 1, [.. given, By(Side.B, comparison: "c01")], new Dictionary<string, byte[]>(), Token);
        var second = ArtifactRef.Parse($"{(await _run.Completes("BuildPreferences", new() { ["comparisons"] = set, ["judgements"] = $"{others}", ["earlier"] = $"{first}" }, "j"))["preferences"]}");

        Assert.Equal(18, (await _run.Artifacts.ReadPairsAsync(first, Token)).Count);
        Assert.Equal(2, (await _run.Artifacts.ReadJsonAsync<PreferenceReport>(first, "report.json", Token)).Unjudged);
        Assert.Equal(
            [new("c00", "none of 2 judgements came"), new UnjudgedComparison("c01", "none of 2 judgements came")], await _run.Artifacts.ReadLinesAsync<UnjudgedComparison>(first, "unjudged.jsonl", Token));
        Assert.Equal("BuildPreferences: 2 of 20 comparisons are left out: no judgement of them came.", _run.Said.Notices[0]);
        Assert.Equal(19, (await _run.Artifacts.ReadPairsAsync(second, Token)).Count);
        Assert.Equal(["c00"], (await _run.Artifacts.ReadLinesAsync<UnjudgedComparison>(second, "unjudged.jsonl", Token)).Select(u => u.ComparisonId));
        Assert.Equal(1, (await _run.Artifacts.ReadJsonAsync<PreferenceReport>(second, "report.json", Token)).Unjudged);
    }

    [Fact]
    public async Task By_ability_two_who_are_always_right_outvote_three_who_guess()
    {
        var random = new Random(1);
        // Truth is side A throughout; the guessers say anything, and of c0 all three say B.
        var judgements = Ids.SelectMany(c => new[] { By(Side.A, labeler: "good 1", comparison: c), By(Side.A, labeler: "good 2", comparison: c) }
            .Concat(Enumerable.Range(1, 3).Select(g => By(c == "c00" || random.Next(2) == 0 ? Side.B : Side.A, labeler: $"guesser {g}", comparison: c)))).ToArray();

        var (majority, _) = await Build(judgements);
        var (ability, report) = await Build(judgements, new() { ["consensus"] = "Ability" });

        Assert.Equal(" second", majority.Single(p => p.ComparisonId == "c00").Chosen);
        var pair = ability.Single(p => p.ComparisonId == "c00");
        Assert.Equal(" first", pair.Chosen);
        Assert.InRange(pair.Probability, 0.6, 1);
        Assert.InRange(pair.Weight, 0.6, 1);
        Assert.True(report.Labelers.Where(l => l.Labeler.StartsWith("good", StringComparison.Ordinal)).Min(l => l.Ability) > report.Labelers.Where(l => l.Labeler.StartsWith("guesser", StringComparison.Ordinal)).Max(l => l.Ability));
    }

    [Fact]
    public async Task Ability_needs_comparisons_that_two_have_judged()
    {
        var (comparisons, judgements) = await Put([.. Ids.Select(c => By(Side.A, comparison: c))]);

        var reason = await _run.Fails("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = judgements, ["consensus"] = "Ability" });

        Assert.Contains("none of 20 comparisons was judged by two labelers", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_withdrawn_labelers_judgements_are_left_out_of_earlier_rounds_too_and_kept_with_the_reason()
    {
        var (comparisons, first) = await Put([.. Ids.SelectMany(c => new[] { By(Side.A, 3, "gone", c), By(Side.B, 1, "stays", c), By(Side.A, 1, "gone too", c) })]);
        var earlier = $"{(await _run.Completes("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = first }))["preferences"]}";
        var (_, second) = await Put([.. Ids.Select(c => By(Side.B, 2, "new", c))]);

        var outputs = await _run.Completes("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = second, ["earlier"] = earlier, ["withdrawn"] = "gone, gone too" });
        var preferences = ArtifactRef.Parse($"{outputs["preferences"]}");
        var unknown = await _run.Fails("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = second, ["withdrawn"] = "nobody" });

        var pairs = await _run.Artifacts.ReadPairsAsync(preferences, Token);
        Assert.Equal(20, pairs.Count); // the same comparison of two rounds is one pair
        Assert.All(pairs, p => Assert.Equal((" second", 1.0), (p.Chosen, p.Probability)));
        Assert.Equal(40, (await _run.Artifacts.ReadLinesAsync<ExcludedJudgement>(preferences, "excluded.jsonl", Token)).Count);
        Assert.Equal(80, (await _run.Artifacts.ReadLinesAsync<JudgedComparison>(preferences, "judged.jsonl", Token)).Sum(j => j.Judgements.Count));
        Assert.Contains("'nobody'", unknown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_whose_sides_another_round_drew_the_other_way_is_counted_the_right_way()
    {
        var (comparisons, first) = await Put([.. Ids.Select(c => By(Side.A, 1, "one", c))]);
        var earlier = $"{(await _run.Completes("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = first }))["preferences"]}";
        var (turned, second) = await Put(swapped: true, [.. Ids.Select(c => By(Side.B, 1, "two", c))]);

        var outputs = await _run.Completes("BuildPreferences", new() { ["comparisons"] = turned, ["judgements"] = second, ["earlier"] = earlier });

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse($"{outputs["preferences"]}"), Token);
        Assert.All(pairs, p => Assert.Equal((" first", 1.0, 1.0), (p.Chosen, p.Probability, p.Agreement)));
    }

    [Fact]
    public async Task Pairs_of_a_version_that_kept_no_judgements_go_through_every_later_round()
    {
        var old = Pair(Some.Comparison(id: "old") with { Prompt = Turn.User("A prompt of long ago.") }, By(Side.A, comparison: "old"));
        var report = new PreferenceReport(1, 0, 0, 1, Simulated: false);
        var preferences = $"{await _run.Artifacts.PutAsync("preferences", new Dictionary<string, byte[]> { ["pairs.jsonl"] = JsonLines.Serialize(new[] { old }), ["report.json"] = CanonicalJson.Serialize(report) }, Token)}";

        for (var round = 1; round <= 2; round++)
        {
            var (comparisons, judgements) = await Put([.. Ids.Select(c => By(Side.A, 1, $"round {round}", c))]);
            preferences = $"{(await _run.Completes("BuildPreferences", new() { ["comparisons"] = comparisons, ["judgements"] = judgements, ["earlier"] = preferences }))["preferences"]}";
        }

        var pairs = await _run.Artifacts.ReadPairsAsync(ArtifactRef.Parse(preferences), Token);
        Assert.Equal(21, pairs.Count);
        Assert.Equal(old.Chosen, pairs.Single(p => p.ComparisonId == "old").Chosen);
    }

    [Fact]
    public async Task The_report_says_how_far_labelers_disagree_and_with_what_was_taken()
    {
        var (_, report) = await Build([.. Ids.SelectMany((c, i) => new[] { By(Side.A, 1, "a", c), By(Side.A, 1, "b", c), By(i < 10 ? Side.B : Side.A, 1, "c", c) })]);

        Assert.Equal(1.0 / 3, report.Disagreement!.Value, 9);
        Assert.Equal([("a", 20, 1.0), ("b", 20, 1.0), ("c", 20, 0.5)], report.Labelers.Select(l => (l.Labeler, l.Judgements, l.Consensus!.Value)));
    }

    static IEnumerable<string> Ids => Enumerable.Range(0, 20).Select(i => $"c{i:00}");

    async Task<(List<PreferencePair> Pairs, PreferenceReport Report)> Build(Judgement[] given, JsonObject? more = null)
    {
        var (comparisons, judgements) = await Put(given);
        var values = new JsonObject { ["comparisons"] = comparisons, ["judgements"] = judgements };
        foreach (var (name, value) in more ?? []) values[name] = value?.DeepClone();
        var preferences = ArtifactRef.Parse($"{(await _run.Completes("BuildPreferences", values))["preferences"]}");
        return (await _run.Artifacts.ReadPairsAsync(preferences, Token), await _run.Artifacts.ReadJsonAsync<PreferenceReport>(preferences, "report.json", Token));
    }

    Task<(string Comparisons, string Judgements)> Put(params Judgement[] judgements) => Put(swapped: false, judgements);

    /// <summary>Twenty comparisons, every fifth held out, and judgements of them.</summary>
    async Task<(string Comparisons, string Judgements)> Put(bool swapped, params Judgement[] judgements)
    {
        return ($"{await _run.Artifacts.PutComparisonsAsync(Comparisons(swapped), Token)}", $"{await _run.Put("judgements", "judgements.jsonl", JsonLines.Serialize(judgements))}");
    }

    [Fact]
    public void What_an_adjudicator_decided_alone_makes_the_pair()
    {
        var comparison = Some.Comparison(id: "c");

        var pair = Pair(comparison, By(Side.A, comparison: "c"), By(Side.A, comparison: "c"), By(Side.B, comparison: "c") with { Adjudicated = true });

        Assert.Equal((" second", 1.0), (pair.Chosen, pair.Probability));
        Assert.Equal(2.0 / 3, pair.Agreement, 12);
    }

    [Fact]
    public void A_judgement_with_a_probability_makes_a_soft_label_and_never_turns_against_its_side()
    {
        var comparison = Some.Comparison(id: "c");

        var (sure, soft, odd) = (Pair(comparison, By(Side.B, comparison: "c")), Pair(comparison, By(Side.B, comparison: "c") with { Probability = 0.2 }), Pair(comparison, By(Side.B, comparison: "c") with { Probability = 0.6 }));
        var two = Pair(comparison, By(Side.B, comparison: "c") with { Probability = 0.2 }, By(Side.A, comparison: "c") with { Probability = 0.6 });
        var tie = Pair(comparison, By(Side.Tie, 0, comparison: "c") with { Probability = 0.9 });

        Assert.Equal((" second", 1.0), (sure.Chosen, sure.Probability));
        Assert.Equal((" second", 0.8), (soft.Chosen, soft.Probability));
        Assert.True(odd.IsTie && tie.IsTie);
        Assert.Equal(" second", two.Chosen);
        Assert.Equal(0.6, two.Probability, 12);
    }

    static List<Comparison> Comparisons(bool swapped) =>
        [.. Ids.Select((id, i) => Some.Comparison(i % 5 == 0 ? "heldOut" : "training", swapped, id) with { PromptId = $"p{i}", Prompt = Turn.User($"Prompt number {i} of many.") })];
}
