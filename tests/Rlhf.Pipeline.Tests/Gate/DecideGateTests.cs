using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Tests.Gate;

public sealed class DecideGateTests : IDisposable
{
    static readonly ArtifactRef Champion = Some.Policy('a'), Challenger = Some.Policy('b');

    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    Task<ArtifactRef> Criteria(string? description = null) =>
        _run.Artifacts.PutCriteriaAsync(new(new()) { Description = description, JudgedBy = [LabelerKind.Simulated] }, Token);

    static List<Comparison> Compared(int count, int pass = 1) =>
        [.. Enumerable.Range(0, count).Select(i => Some.Comparison($"evaluation-{pass}", swapped: i % 2 == 0, id: $"{pass}-{i}") with { PromptId = $"{pass}-{i}" })];

    async Task<(string Outcome, ArtifactRef Evidence, GateDecision Decision)> Decide(
        IReadOnlyList<Comparison> comparisons, IReadOnlyList<Judgement> judgements, ArtifactRef criteria, ArtifactRef? fixedBefore = null, ArtifactRef? evidence = null, int each = 1)
    {
        var subject = new EvaluationSubject(Champion, Challenger, fixedBefore ?? criteria, 1000);
        var result = await _run.Run("DecideGate", new()
        {
            ["champion"] = $"{Champion}",
            ["challenger"] = $"{Challenger}",
            ["criteria"] = $"{criteria}",
            ["comparisons"] = $"{await _run.Artifacts.PutComparisonsAsync(comparisons, Token, (EvaluationSubject.File, CanonicalJson.Serialize(subject)))}",
            ["judgements"] = $"{await _run.Artifacts.PutJudgementsAsync(comparisons, each, judgements, new Dictionary<string, byte[]>(), Token)}",
            ["evidence"] = evidence?.ToString(),
        });
        var completed = result as Steps.Running.StepResult.Completed ?? throw new InvalidOperationException($"{result}");
        var decision = await _run.Artifacts.ReadJsonAsync<GateDecision>(ArtifactRef.Parse($"{completed.Outputs["decision"]}"), GateDecision.File, Token);
        return (completed.Outcome, ArtifactRef.Parse($"{completed.Outputs["evidence"]}"), decision);
    }

    /// <summary>The challenger (sample 1) wins the first ones.</summary>
    static List<Judgement> Judged(IReadOnlyList<Comparison> comparisons, int wins) =>
        [.. comparisons.Select((c, i) => new Judgement(c.Id, "someone", i < wins == (c.A.Sample == 1) ? Side.A : Side.B, 1, 1, true))];

    [Fact]
    public async Task A_challenger_that_wins_on_either_side_opens_the_gate()
    {
        var comparisons = Compared(200);

        var (outcome, evidence, decision) = await Decide(comparisons, Judged(comparisons, wins: 140), await Criteria());

        Assert.Equal(("Promote", 140, 60, 0.7), (outcome, decision.Verdict.Wins, decision.Verdict.Losses, decision.Verdict.WinRate));
        Assert.Equal((Champion, Challenger, evidence, false), (decision.Champion, decision.Challenger, decision.Evidence, decision.IsExploratory));
    }

    [Fact]
    public async Task A_decision_is_reproduced_from_its_evidence_and_criteria()
    {
        var comparisons = Compared(200);
        var (_, _, decision) = await Decide(comparisons, Judged(comparisons, wins: 140), await Criteria());

        var again = await _run.Artifacts.DecideAgainAsync(decision, Token);

        Assert.Equal(CanonicalJson.Serialize(decision.Verdict), CanonicalJson.Serialize(again));
    }

    [Fact]
    public async Task Evidence_grows_by_what_each_pass_brings_until_it_decides()
    {
        var criteria = await Criteria();
        List<Comparison> first = Compared(40), second = Compared(200, pass: 2);

        var (early, evidence, _) = await Decide(first, Judged(first, wins: 22), criteria);
        var (late, _, decision) = await Decide(second, Judged(second, wins: 140), criteria, evidence: evidence);

        Assert.Equal(("NeedMoreJudgements", "Promote", 240), (early, late, decision.Verdict.Prompts));
    }

    [Fact]
    public async Task Criteria_changed_after_the_first_judgement_make_the_evidence_exploratory_for_good()
    {
        var (before, after) = (await Criteria(), await Criteria("easier"));
        List<Comparison> first = Compared(40), second = Compared(200, pass: 2), third = Compared(200, pass: 3);
        var (_, evidence, _) = await Decide(first, Judged(first, wins: 22), before);

        var (changed, grown, decision) = await Decide(second, Judged(second, wins: 140), after, evidence: evidence);
        var (back, _, _) = await Decide(third, Judged(third, wins: 140), before, evidence: grown);
        var (other, _, _) = await Decide(second, Judged(second, wins: 140), after, fixedBefore: before);

        Assert.Equal(("Reject", "Reject", "Reject", true), (changed, back, other, decision.IsExploratory));
        Assert.Contains("exploratory", decision.Verdict.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evidence_about_other_policies_is_refused()
    {
        var comparisons = Compared(4);
        var subject = new EvaluationSubject(Champion, Some.Policy('c'), await Criteria(), 1000);

        var reason = await _run.Fails("DecideGate", new()
        {
            ["champion"] = $"{Champion}",
            ["challenger"] = $"{Challenger}",
            ["criteria"] = $"{await Criteria()}",
            ["comparisons"] = $"{await _run.Artifacts.PutComparisonsAsync(comparisons, Token, (EvaluationSubject.File, CanonicalJson.Serialize(subject)))}",
            ["judgements"] = $"{await _run.Artifacts.PutJudgementsAsync(comparisons, 1, Judged(comparisons, 2), new Dictionary<string, byte[]>(), Token)}",
        });

        Assert.Contains($"compares {Champion.Short} with {Some.Policy('c').Short}", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_evidence_keeps_comparisons_that_nobody_judged_and_how_much_of_them_is_missing()
    {
        var comparisons = Compared(3);

        var (_, reference, decision) = await Decide(
            comparisons, [new("1-1", "ann", Side.B, 1, 1, true), new("1-1", "bob", Side.B, 1, 1, true), new("1-2", "bob", Side.A, 1, 1, true)], await Criteria(), each: 2);

        var evidence = await _run.Artifacts.ReadEvidenceAsync(reference, Token);
        Assert.Equal([("1-0", 0, 2), ("1-1", 2, 0), ("1-2", 1, 1)], evidence.Select(e => (e.Comparison.Id, e.Judgements.Count, e.Missing)));
        Assert.Equal((3, 2), (decision.Verdict.Missing, decision.Verdict.Prompts));
    }

    [Fact]
    public async Task Prompts_on_which_the_champion_was_better_are_listed_with_both_texts()
    {
        var comparisons = Compared(10);
        var criteria = await Criteria();
        await Decide(comparisons, Judged(comparisons, wins: 7), criteria);

        var regressions = DecideGateStep.Regressions([.. comparisons.Select((c, i) => new EvidenceItem(1, c, [Judged(comparisons, 7)[i]]))], "preference");

        Assert.Equal(["1-7", "1-8", "1-9"], regressions.Select(r => r.PromptId));
        Assert.All(regressions, r => Assert.Equal((" first", " second", 0.0), (r.Champion, r.Challenger, r.Rate)));
    }
}
