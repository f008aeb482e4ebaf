using System.Text.Json.Nodes;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Tests.Gate;

public sealed class PolicyRatingTests : IDisposable
{
    static readonly ILookup<ArtifactRef, string> NoNames = Array.Empty<(ArtifactRef, string)>().ToLookup(n => n.Item1, n => n.Item2);

    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    /// <summary>Comparisons in which the second policy wins, loses and draws as often as said; sides alternate.</summary>
    static List<EvidenceItem> Evidence(char first, char second, int wins, int losses, int ties = 0, string axis = "preference", string purpose = "evaluation-1", LabelerKind kind = LabelerKind.Person) =>
    [
        .. Enumerable.Range(0, wins + losses + ties).Select(i =>
        {
            var secondIsA = i % 2 == 0;
            var comparison = Some.Comparison(purpose, swapped: secondIsA, id: $"{purpose}-{first}{second}{i}") with { Axis = axis };
            var better = i < wins ? secondIsA ? Side.A : Side.B : i < wins + losses ? secondIsA ? Side.B : Side.A : Side.Tie;
            Completion By(Completion completion) => completion with { Source = Some.Policy(completion.Sample == 0 ? first : second) };
            return new EvidenceItem(1, comparison with { A = By(comparison.A), B = By(comparison.B) }, [Judgement.Of(comparison.Id, "ann", kind, better switch { Side.A => Choice.A, Side.B => Choice.B, _ => Choice.Tie }, 1)]);
        }),
    ];

    static CampaignRatings Of(params List<EvidenceItem>[] evidence) =>
        PolicyRatings.Of([.. evidence.Select((e, i) => (new ArtifactRef("evidence", new string((char)('0' + i), 64)), (IReadOnlyList<EvidenceItem>)e))], "preference", NoNames);

    [Fact]
    public void Ratings_of_all_rounds_are_those_of_D7_the_best_first()
    {
        var ratings = Of(Evidence('c', 'b', 6, 4), Evidence('b', 'a', 7, 3), Evidence('c', 'a', 8, 2));

        Assert.Equal([Some.Policy('a'), Some.Policy('b'), Some.Policy('c')], ratings.Policies.Select(p => p.Policy));
        Assert.Equal([1128.65, 974.1, 897.25], ratings.Policies.Select(p => p.Rating!.Value), (a, b) => Math.Abs(a - b) < 0.011);
        Assert.All(ratings.Policies, p => Assert.Equal((20, true), (p.Comparisons, p.Lower < p.Rating && p.Rating < p.Upper)));
        Assert.Equal((30, false, null), (ratings.Judgements, ratings.Simulated, ratings.Reason));
        Assert.Contains(new PolicyPair(Some.Policy('c'), Some.Policy('a'), 10, 2), ratings.Pairs);
    }

    [Fact]
    public void A_comparison_counts_once_by_the_mean_of_its_judgements_and_a_tie_is_a_half()
    {
        var items = Evidence('a', 'b', 6, 3, ties: 1);
        // Two more labelers take the other side of the first win.
        items[0] = items[0] with { Judgements = [.. items[0].Judgements, .. new[] { "bob", "cleo" }.Select(n => items[0].Judgements[0] with { Labeler = n, Side = Side.B })] };

        Assert.Equal([new PolicyPair(Some.Policy('a'), Some.Policy('b'), 10, Math.Round(10 - (5 + 1.0 / 3 + .5), 6))], Of(items).Pairs);
    }

    [Fact]
    public void Evidence_that_goes_on_from_earlier_evidence_counts_no_judgement_twice_and_other_axes_do_not_count()
    {
        var first = Evidence('a', 'b', 6, 4);

        var both = Of(first, [.. first, .. Evidence('a', 'b', 3, 1, purpose: "evaluation-2"), .. Evidence('a', 'b', 0, 9, axis: "safety", purpose: "evaluation-3")]);

        Assert.Equal([new PolicyPair(Some.Policy('a'), Some.Policy('b'), 14, 5)], both.Pairs);
    }

    [Fact]
    public void What_cannot_be_rated_is_null_with_a_reason()
    {
        var apart = Of(Evidence('a', 'b', 6, 4), Evidence('c', 'd', 6, 4));
        var always = Of(Evidence('a', 'b', 6, 0));
        var nearly = Of(Evidence('a', 'b', 9, 1));

        Assert.All(apart.Policies, p => Assert.Null(p.Rating));
        Assert.Contains("have not met, not even by way of others", apart.Reason, StringComparison.Ordinal);
        Assert.Contains("won everything against", always.Reason, StringComparison.Ordinal);
        Assert.Equal((null, true), (nearly.Reason, nearly.Policies[0].Rating > 1000));
        Assert.All(nearly.Policies, p => Assert.Null(p.Lower));
        Assert.Contains("more comparisons are needed", nearly.IntervalReason, StringComparison.Ordinal);
        Assert.Equal("no two policies were compared", Of([]).Reason);
    }

    [Fact]
    public void Whose_judgements_they_are_is_said()
    {
        var ratings = Of(Evidence('a', 'b', 3, 3, kind: LabelerKind.Simulated), Evidence('b', 'c', 1, 1, kind: LabelerKind.Judge));

        Assert.Equal((true, 0.25), (ratings.Simulated, ratings.JudgeShare));
    }

    [Fact]
    public void Comparisons_with_an_earlier_champion_feed_the_ratings_and_decide_nothing()
    {
        var criteria = new GateCriteria(new());
        var deciding = Evidence('a', 'b', 300, 200);
        List<EvidenceItem> all = [.. Evidence('c', 'b', 0, 400, purpose: "rating-1"), .. deciding];

        var (without, with) = (GateVerdicts.Of(criteria, GateEvidence.Of(deciding, "preference"), new()), GateVerdicts.Of(criteria, GateEvidence.Of(all, "preference"), new()));

        Assert.Equal(CanonicalJson.ToText(CanonicalJson.ToNode(without)), CanonicalJson.ToText(CanonicalJson.ToNode(with)));
        Assert.Equal(3, Of(all).Policies.Count);
    }

    async Task<JsonObject> Report(int round, char champion, char challenger, List<EvidenceItem> items, string instance)
    {
        var criteria = await _run.Artifacts.PutCriteriaAsync(new(new()), Token);
        var evidence = await _run.Put("evidence", EvidenceItem.File, JsonLines.Serialize(items));
        var verdict = new GateVerdict(GateVerdict.Reject, "", null, 1, 1, 1, 0, 0, 1, 1, 1, 1, .95, 20, 1, true, [], new(), [], new Dictionary<string, string>());
        var decision = await _run.Put("decision", GateDecision.File, CanonicalJson.Serialize(new GateDecision(Some.Policy(champion), Some.Policy(challenger), evidence, criteria, false, verdict)));
        var card = await _run.Put("report-card", "card.json", CanonicalJson.Serialize(new RewardModelCard(1, 1, 1, 1, 1, 1, true, 0, 1, new(0, 0, 0, 1, []), new(null, null, null), null, null, [], [], [])));
        return await _run.Completes("ReportRound", new()
        {
            ["campaign"] = "some",
            ["round"] = round,
            ["champion"] = $"{Some.Policy(champion)}",
            ["challenger"] = $"{Some.Policy(challenger)}",
            ["preferences"] = $"{new ArtifactRef("preferences", new string((char)('0' + round), 64))}",
            ["rewardModel"] = $"{new ArtifactRef("reward-model", new string((char)('0' + round), 64))}",
            ["reportCard"] = $"{card}",
            ["evidence"] = $"{evidence}",
            ["decision"] = $"{decision}",
            ["sequenceKl"] = 1.0,
            ["proxyBefore"] = 0.0,
            ["proxyAfter"] = 1.0,
        }, instance);
    }

    [Fact]
    public async Task Every_round_adds_its_evidence_once_and_a_replay_reports_what_its_round_reported()
    {
        await new Names(_run.Objects, TimeProvider.System).RegisterAsync(Names.Policy, Some.Policy('a'), Token);
        var first = await Report(1, 'a', 'b', Evidence('a', 'b', 6, 4), "one");
        var second = await Report(2, 'b', 'c', Evidence('b', 'c', 7, 3), "two");
        var replayed = await Report(1, 'a', 'b', Evidence('a', 'b', 6, 4), "three");

        Assert.True(JsonNode.DeepEquals(first, replayed));
        Assert.NotEqual($"{first["ratings"]}", $"{second["ratings"]}");
        var versions = await new Aliases(_run.Objects).HistoryAsync(Aliases.Ratings("some"), Token);
        Assert.Equal([$"{first["ratings"]}", $"{second["ratings"]}"], versions.Select(v => $"{v.Artifact}"));
        var ratings = await _run.Artifacts.ReadJsonAsync<CampaignRatings>(versions[^1].Artifact, CampaignRatings.File, Token);
        Assert.Equal((2, 20), (ratings.Evidence.Count, ratings.Judgements));
        Assert.Equal(["policy@3", "policy@2", "policy@1"], ratings.Policies.Select(p => Assert.Single(p.Versions)));
        var report = await _run.Artifacts.ReadJsonAsync<RoundReport>(ArtifactRef.Parse($"{second["report"]}"), "report.json", Token);
        Assert.Equal(ratings.Of(Some.Policy('c'))!.Rating, report.ChallengerRating!.Rating);
        Assert.Equal(ratings.Of(Some.Policy('b'))!.Rating, report.ChampionRating!.Rating);
        Assert.Equal(versions[^1].Artifact, report.Ratings);
    }
}

public sealed class EarlierChampionTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    async Task<List<Comparison>> Sampled(TestRun run, params (string Name, JsonNode Value)[] more)
    {
        var values = round.Values("SampleEvaluation", seed: 31);
        foreach (var (name, value) in more) values[name] = value;
        return await run.Artifacts.ReadComparisonsAsync(ArtifactRef.Parse($"{(await run.Completes("SampleEvaluation", values))["comparisons"]}"), Token);
    }

    [Fact]
    public async Task A_share_of_the_prompts_is_also_asked_about_an_earlier_champion_blind_among_the_others()
    {
        using var run = new TestRun(round.Folder);
        var earlier = ArtifactRef.Parse(await run.TinyPolicy(context: 100));

        var alone = await Sampled(run);
        var with = await Sampled(run, ("earlier", $"{earlier}"), ("earlierShare", 0.3));

        var rating = with.Where(c => c.Purpose == "rating-1").ToList();
        Assert.Equal(4, rating.Count); // 0.3 of 12 prompts, rounded up
        Assert.All(rating, c => Assert.Equal([1, 2], new[] { c.A.Sample, c.B.Sample }.Order()));
        Assert.All(rating, c => Assert.Equal(earlier, (c.A.Sample == 2 ? c.A : c.B).Source));
        Assert.Equal(alone.Select(c => c.ToString()).Order(), with.Except(rating).Select(c => c.ToString()).Order());
        Assert.NotEqual(rating.Select(c => c.Id), with.TakeLast(4).Select(c => c.Id));
    }

    [Fact]
    public async Task Without_a_share_without_an_earlier_champion_and_where_it_is_one_of_the_two_nothing_more_is_asked()
    {
        using var run = new TestRun(round.Folder);
        var champion = $"{round.Values("SampleEvaluation", 1)["champion"]}";
        var alone = (await Sampled(run)).Select(c => c.Id).ToList();

        Assert.Equal(alone, (await Sampled(run, ("earlier", await run.TinyPolicy(context: 100)))).Select(c => c.Id));
        Assert.Equal(alone, (await Sampled(run, ("earlierShare", 1.0))).Select(c => c.Id));
        Assert.Equal(alone, (await Sampled(run, ("earlier", champion), ("earlierShare", 1.0))).Select(c => c.Id));
    }
}
