using System.Text.Json.Nodes;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Comparisons;

/// <summary>A share of comparisons that somebody answers again, and how far both say the same.</summary>
public sealed class SpotCheckTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    static List<Comparison> Asked(int count) => [.. Enumerable.Range(0, count).Select(i => Some.Comparison(id: $"c{i:000}"))];

    static Judgement By(string labeler, Side side, int comparison, bool simulated = false) => new($"c{comparison:000}", labeler, side, side == Side.Tie ? 0 : 1, 1, simulated);

    Task<ArtifactRef> Put(IReadOnlyList<Comparison> comparisons) => _run.Artifacts.PutComparisonsAsync(comparisons, Token);

    Task<ArtifactRef> Put(IReadOnlyList<Comparison> comparisons, params Judgement[] judgements) =>
        _run.Artifacts.PutJudgementsAsync(comparisons, 1, judgements, new Dictionary<string, byte[]>(), Token);

    async Task<List<Comparison>> Drawn(int of, long seed, double share, int least)
    {
        var outputs = await _run.Completes("DrawSpotCheck", new() { ["comparisons"] = $"{await Put(Asked(of))}", ["seed"] = seed, ["share"] = share, ["least"] = least });
        return await _run.Artifacts.ReadComparisonsAsync(ArtifactRef.Parse($"{outputs["spotCheck"]}"), Token);
    }

    [Theory]
    [InlineData(200, 0.1, 5, 20)]
    [InlineData(200, 0.1, 30, 30)] // a tenth would say too little
    [InlineData(12, 0.1, 30, 12)] // all there are
    [InlineData(40, 1.0, 1, 40)]
    public async Task So_many_are_drawn(int of, double share, int least, int expected) => Assert.Equal(expected, (await Drawn(of, 3, share, least)).Count);

    [Fact]
    public async Task The_draw_follows_from_the_seed_and_leaves_the_comparisons_as_they_are()
    {
        var (first, again, other) = (await Drawn(100, 3, 0.2, 1), await Drawn(100, 3, 0.2, 1), await Drawn(100, 4, 0.2, 1));

        Assert.Equal(first.Select(c => c.Id), again.Select(c => c.Id));
        Assert.NotEqual(first.Select(c => c.Id).Order(StringComparer.Ordinal), other.Select(c => c.Id).Order(StringComparer.Ordinal));
        Assert.All(first, c => Assert.Equal(CanonicalJson.ToText(CanonicalJson.ToNode(Some.Comparison(id: c.Id))), CanonicalJson.ToText(CanonicalJson.ToNode(c))));
        Assert.Equal(20, first.DistinctBy(c => c.Id).Count());
    }

    [Fact]
    public async Task Agreement_is_over_those_on_which_both_have_a_majority()
    {
        var asked = Asked(5);
        var judge = await Put(Asked(9), [By("judge", Side.A, 0), By("judge", Side.A, 1), By("judge", Side.Tie, 2), By("judge", Side.B, 3), By("judge", Side.B, 4), .. Enumerable.Range(5, 4).Select(i => By("judge", Side.A, i))]);
        var people = await Put(asked,
            By("ann", Side.A, 0), By("ann", Side.B, 1), By("ann", Side.Tie, 2), By("ann", Side.B, 3), By("bob", Side.B, 3), By("ann", Side.A, 4), By("bob", Side.B, 4));

        var (outcome, check) = await Compare(asked, judge, people, 0.7);

        // Same on 0, 2 and 3, opposite on 1, and people are divided on 4. By chance 2/4·1/4 (A) + 1/4·1/4 (tie) + 1/4·2/4 (B) = 5/16.
        Assert.Equal("Agree", outcome);
        Assert.Equal((5, 4, 0.75, 1), (check.Checked, check.Compared, check.Agreement, check.Opposite));
        Assert.Equal((0.75 - 5 / 16.0) / (1 - 5 / 16.0), check.CohenKappa!.Value, 12);
        // Wilson at 1.96 of 3 in 4.
        Assert.Equal((0.300642, 0.954413), (Math.Round(check.Lower, 6), Math.Round(check.Upper, 6)));
        Assert.Equal(["judge"], check.FirstLabelers);
        Assert.Equal(["ann", "bob"], check.SecondLabelers);
        Assert.False(check.Simulated);
    }

    [Fact]
    public async Task Too_little_agreement_is_told_from_enough()
    {
        var asked = Asked(2);
        var (judge, people) = (await Put(asked, By("judge", Side.A, 0), By("judge", Side.B, 1)), await Put(asked, By("s", Side.A, 0, simulated: true), By("s", Side.A, 1, simulated: true)));

        var (no, check) = await Compare(asked, judge, people, 0.51);
        var (yes, _) = await Compare(asked, judge, people, 0.5);

        Assert.Equal(("Disagree", "Agree"), (no, yes));
        Assert.True(check.Simulated);
        Assert.Equal(0, check.CohenKappa);
    }

    [Fact]
    public async Task Where_chance_is_everything_kappa_is_not_made_up()
    {
        var asked = Asked(2);
        var (judge, people) = (await Put(asked, By("judge", Side.A, 0), By("judge", Side.A, 1)), await Put(asked, By("ann", Side.A, 0), By("ann", Side.A, 1)));

        var (_, check) = await Compare(asked, judge, people, 0.5);

        Assert.Equal((1.0, (double?)null), (check.Agreement, check.CohenKappa));
        Assert.Contains("expected at least two categories", check.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_to_compare_is_an_error()
    {
        var asked = Asked(1);
        var judge = await Put(asked, By("judge", Side.A, 0));
        var divided = await Put(asked, By("ann", Side.A, 0), By("bob", Side.B, 0));
        var others = await Put(Asked(2), By("ann", Side.A, 1));

        Assert.Contains("On none of 1 comparisons both have a majority", await Fails(asked, judge, divided), StringComparison.Ordinal);
        Assert.Contains("On none of 1 comparisons both have a majority", await Fails(asked, judge, others), StringComparison.Ordinal);
        Assert.Contains("has no judgement", await Fails(Asked(3), judge, divided), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Axes_are_never_mixed()
    {
        List<Comparison> mixed = [Some.Comparison(id: "c000"), Some.Comparison(id: "c001") with { Axis = "safety" }];
        var judgements = await Put(mixed, By("judge", Side.A, 0), By("judge", Side.A, 1));

        Assert.Contains("several axes", await Fails(mixed, judgements, judgements), StringComparison.Ordinal);
    }

    static JsonObject Values(ArtifactRef comparisons, ArtifactRef judgements, ArtifactRef check, double least) =>
        new() { ["comparisons"] = $"{comparisons}", ["judgements"] = $"{judgements}", ["check"] = $"{check}", ["leastAgreement"] = least };

    async Task<string> Fails(IReadOnlyList<Comparison> comparisons, ArtifactRef judgements, ArtifactRef check) =>
        await _run.Fails("CompareJudgements", Values(await Put(comparisons), judgements, check, 0.5));

    async Task<(string Outcome, AgreementCheck Check)> Compare(IReadOnlyList<Comparison> comparisons, ArtifactRef judgements, ArtifactRef check, double least)
    {
        var completed = Assert.IsType<StepResult.Completed>(await _run.Run("CompareJudgements", Values(await Put(comparisons), judgements, check, least)));
        var report = await _run.Artifacts.ReadJsonAsync<AgreementCheck>(ArtifactRef.Parse($"{completed.Outputs["agreement"]}"), "agreement.json", Token);
        Assert.Equal((report.Agreement, report.Compared), ((double)completed.Outputs["share"]!, (int)completed.Outputs["compared"]!));
        return (completed.Outcome, report);
    }
}
