using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Gate;

public sealed class DecideGateTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Evidence in which the challenger (sample 1) wins, loses and draws as often as said; sides alternate.</summary>
    static List<EvidenceItem> Evidence(int wins, int losses, int ties = 0) =>
    [
        .. Enumerable.Range(0, wins + losses + ties).Select(i =>
        {
            var challengerIsA = i % 2 == 0;
            var better = i < wins ? challengerIsA ? Side.A : Side.B : i < wins + losses ? challengerIsA ? Side.B : Side.A : Side.Tie;
            return new EvidenceItem(1, Some.Comparison("evaluation-1", swapped: challengerIsA, id: $"{i}"), [new($"{i}", "someone", better, 1, 1, true)]);
        }),
    ];

    static GateDecision Decide(List<EvidenceItem> items, int pass = 1, DecideGate.HParams? hparams = null) =>
        DecideGateStep.Decide(items, pass, hparams ?? new(), new(Some.Policy('a'), Some.Policy('b')), Some.Policy('e'));

    [Fact]
    public void A_challenger_that_is_clearly_preferred_is_promoted()
    {
        var decision = Decide(Evidence(wins: 360, losses: 240));

        Assert.Equal("Promote", decision.Outcome);
        Assert.Equal((360, 240, 0.6), (decision.Wins, decision.Losses, decision.WinRate));
        Assert.True(decision.LowerBound > 0.5);
    }

    [Theory]
    [InlineData(300, 300)]
    [InlineData(324, 276)] // 54 %: its interval still reaches down to a half
    [InlineData(200, 400)]
    public void A_challenger_that_is_not_clearly_preferred_is_rejected(int wins, int losses) =>
        Assert.Equal("Reject", Decide(Evidence(wins, losses)).Outcome);

    [Fact]
    public void Ties_do_not_count_as_decisive_and_more_judgements_are_asked_for()
    {
        var decision = Decide(Evidence(wins: 400, losses: 100, ties: 200));

        Assert.Equal("NeedMoreJudgements", decision.Outcome);
        Assert.Equal(200, decision.Ties);
    }

    [Fact]
    public void After_the_last_pass_too_few_judgements_mean_rejection_with_that_reason()
    {
        var decision = Decide(Evidence(wins: 400, losses: 100), pass: 5);

        Assert.Equal("Reject", decision.Outcome);
        Assert.Contains(decision.Criteria, c => !c.Holds && c.Reason.Contains("500 decisive judgements after 5 passes", StringComparison.Ordinal));
    }

    [Fact]
    public void Judgements_beyond_the_number_of_the_gate_are_not_looked_at() =>
        Assert.Equal("Reject", Decide([.. Evidence(wins: 300, losses: 300), .. Evidence(wins: 500, losses: 0)]).Outcome);

    [Fact]
    public void Judgements_that_never_came_stand_for_nothing_and_are_said_to_be_missing()
    {
        var unanswered = Enumerable.Range(0, 100).Select(i => new EvidenceItem(1, Some.Comparison("evaluation-1", id: $"u{i}"), []) { Missing = 2 });

        var decision = Decide([.. unanswered, .. Evidence(wins: 360, losses: 240)]);
        var tooFew = Decide([.. unanswered, .. Evidence(wins: 300, losses: 50)], pass: 5);

        Assert.Equal(("Promote", 360, 240, 0, 200), (decision.Outcome, decision.Wins, decision.Losses, decision.Ties, decision.Missing));
        Assert.Equal(("Reject", 300.0 / 350), (tooFew.Outcome, tooFew.WinRate));
        Assert.Contains(tooFew.Criteria, c => !c.Holds && c.Reason == "350 decisive judgements after 5 passes, 600 asked for; 200 judgements never came");
        Assert.Equal(0, Decide(Evidence(wins: 360, losses: 240)).Missing);
    }

    [Fact]
    public async Task The_evidence_keeps_comparisons_that_nobody_judged_and_how_much_of_them_is_missing()
    {
        using var run = new TestRun();
        var comparisons = Enumerable.Range(0, 3).Select(i => Some.Comparison("evaluation-1", id: $"c{i}")).ToList();
        var judgements = await run.Artifacts.PutJudgementsAsync(comparisons, 2, [new("c1", "ann", Side.B, 1, 1, false), new("c1", "bob", Side.B, 1, 1, false), new("c2", "bob", Side.A, 1, 1, false)], new Dictionary<string, byte[]>(), Token);

        var outputs = await run.Completes("DecideGate", new()
        {
            ["champion"] = $"{Some.Policy('a')}",
            ["challenger"] = $"{Some.Policy('b')}",
            ["comparisons"] = $"{await run.Artifacts.PutComparisonsAsync(comparisons, Token)}",
            ["judgements"] = $"{judgements}",
        });

        var evidence = await run.Artifacts.ReadLinesAsync<EvidenceItem>(ArtifactRef.Parse($"{outputs["newEvidence"] ?? outputs["evidence"]}"), "evidence.jsonl", Token);
        Assert.Equal([("c0", 0, 2), ("c1", 2, 0), ("c2", 1, 1)], evidence.Select(e => (e.Comparison.Id, e.Judgements.Count, e.Missing)));
        Assert.Equal(3, (await run.Artifacts.ReadJsonAsync<GateDecision>(ArtifactRef.Parse($"{outputs["decision"]}"), "decision.json", Token)).Missing);
    }

    [Fact]
    public void Evidence_of_simulated_labelers_is_called_simulated() => Assert.True(Decide(Evidence(360, 240)).Simulated);

    [Theory]
    [InlineData(10, 1.0, "(AI judge)")]
    [InlineData(4, 0.4, "(40 % AI judge)")]
    public void Evidence_of_an_AI_judge_is_called_so_and_neither_peoples_nor_simulated(int byJudge, double share, string mark)
    {
        var evidence = Evidence(wins: 7, losses: 3).Select((e, i) => e with { Judgements = [e.Judgements[0] with { Simulated = false, Kind = i < byJudge ? LabelerKind.Judge : LabelerKind.Person }] });

        var decision = Decide([.. evidence]);

        Assert.Equal((share, false), (decision.JudgeShare!.Value, decision.Simulated));
        Assert.All(decision.Criteria, c => Assert.EndsWith(mark, c.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Evidence_without_an_AI_judge_says_nothing_of_one() => Assert.Null(Decide(Evidence(wins: 7, losses: 3)).JudgeShare);
}
