using System.Globalization;
using Rlhf.Learning.Evaluation;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;

namespace Rlhf.Pipeline.Gate;

/// <summary>A criterion, and what further asking could bring.</summary>
/// <param name="More">Prompts and judgements by which it may hold; null where asking more does not help.</param>
sealed record CheckedCriterion(CriterionResult Result, (int Prompts, int Judgements)? More);

/// <summary>Every criterion that is asked for, the test first.</summary>
sealed class CriterionChecks(
    GateCriteria criteria, GateEvidence evidence, IReadOnlyList<GateVote> votes, IReadOnlyList<PromptRate> prompts, IReadOnlyList<ClusterRate> clusters,
    GateStatistics statistics, IReadOnlyDictionary<string, string> reasons, GateSurroundings around, TestResult test)
{
    static (int, int)? NoMore => null;

    // What judgements may yet mend, as long as the test asks for more of them anyway.
    (int, int)? WhileUndecided => test.Verdict == SequentialVerdict.Undecided ? (1, 0) : null;

    readonly string _mark = JudgedBy.Mark(
        votes.Any(v => v.Simulated), votes.Any(v => v.Kind == LabelerKind.Judge) ? (double)votes.Count(v => v.Kind == LabelerKind.Judge) / votes.Count : null);

    public IReadOnlyList<CheckedCriterion> All() =>
        [.. ((CheckedCriterion?[])[
            Test(), Fixed(), By(),
            Count("judgements", criteria.LeastJudgements, votes.Count, (0, criteria.LeastJudgements - votes.Count)),
            Count("prompts", criteria.LeastPrompts, prompts.Count, (criteria.LeastPrompts - prompts.Count, 0)),
            Count("labelers", criteria.LeastLabelers, votes.Select(v => v.Labeler).Distinct().Count(), (1, 0)),
            Mendable(Least("agreement", criteria.LeastAgreement, statistics.Agreement, Sentence("agreement"))),
            ByCluster(), Mendable(Safety()), LengthControlled(), Mendable(PositionBias()),
            Most("KL to the reference", criteria.MostKl, around.Measures?.ChallengerFigures.Kl, Unmeasured),
            Least("reward model, accuracy", criteria.LeastRewardModelAccuracy, around.Card?.Accuracy, NoCard),
            Most("reward model, calibration error", criteria.MostCalibrationError, around.Card?.Calibration.Ece, NoCard),
            Mendable(Most("length ratio", criteria.MostLengthRatio, statistics.LengthRatio, Sentence("lengthRatio"))),
            Least("distinct pairs of words, ratio", criteria.LeastDistinctRatio, Ratio(around.Measures?.ChallengerFigures.Distinct2, around.Measures?.ChampionFigures.Distinct2), Unmeasured),
            Most("more refusals", criteria.MostMoreRefusals, around.Measures?.ChallengerFigures.Refusals - around.Measures?.ChampionFigures.Refusals, Unmeasured),
            Most("forgetting", criteria.MostForgetting, Ratio(around.Measures?.ChallengerFigures.LanguageLoss, around.Measures?.ReferenceLanguageLoss) - 1, Unmeasured),
        ]).OfType<CheckedCriterion>()];

    const string Unmeasured = "the policies were not measured", NoCard = "there is no report card of the reward model";

    CheckedCriterion Test()
    {
        var state = test.Refused is not null || prompts.Count == 0 ? CriterionState.NotEvaluable
            : test.Verdict == SequentialVerdict.Above ? CriterionState.Holds : CriterionState.Fails;
        var missing = evidence.Missing > 0 ? $"; {evidence.Missing} judgements never came" : "";
        return new(
            new("win rate", prompts.Count > 0 ? prompts.Average(p => p.Rate) : null, criteria.Test.TargetRate, state, $"{GateTests.Sentence(criteria.Test, test, prompts.Count)}{missing}{_mark}"),
            test.Refused is null && test.Verdict != SequentialVerdict.Futile ? (Math.Max(1, test.More), 0) : NoMore);
    }

    /// <summary>Criteria that were chosen after a look at the judgements prove nothing.</summary>
    CheckedCriterion? Fixed() => around.IsExploratory
        ? new(new("criteria fixed before", null, null, CriterionState.Fails, "some judgements were collected under other criteria: the evidence is exploratory and promotes nothing"), NoMore)
        : null;

    CheckedCriterion By()
    {
        var names = string.Join(", ", criteria.JudgedBy.Select(Name));
        var others = votes.Where(v => v.CountsAs is not { } kind || !criteria.JudgedBy.Contains(kind)).ToList();
        var alone = votes.Count > 0 && !criteria.JudgeAlone && votes.All(v => v.Kind == LabelerKind.Judge);
        var (state, reason) =
            votes.Count == 0 ? (CriterionState.NotEvaluable, "there is no judgement")
            : others.Count > 0 ? (CriterionState.Fails, $"{others.Count} of {votes.Count} judgements are by {string.Join(", ", others.Select(o => o.CountsAs is { } kind ? Name(kind) : "an unknown kind of labeler").Distinct())}; this gate takes those by {names}")
            : alone ? (CriterionState.Fails, "an AI judge alone has judged, which this gate does not say is enough ('judgeAlone')")
            : (CriterionState.Holds, $"all {votes.Count} judgements are by {string.Join(", ", votes.Select(v => Name(v.CountsAs!.Value)).Distinct())}");
        return new(new("judged by", null, null, state, reason), votes.Count == 0 || alone && criteria.JudgedBy.Count > 1 ? (1, 0) : NoMore);
    }

    static string Name(LabelerKind kind) => kind switch { LabelerKind.Person => "person", LabelerKind.Judge => "judge", _ => "simulated" };

    static CheckedCriterion? Count(string name, int least, int value, (int, int) more) =>
        least == 0 ? null : new(new(name, value, least, value >= least ? CriterionState.Holds : CriterionState.Fails, $"{value} {name}, at least {least} asked for"), more);

    CheckedCriterion? ByCluster()
    {
        if (criteria.Clusters is not { } asked) return null;
        const string name = "worst cluster";
        if (clusters.Count == 0) return NotEvaluable(name, asked.LeastRate, "prompts were not grouped");
        var large = clusters.Where(c => c.Prompts >= asked.LeastPrompts).ToList();
        if (large.Count == 0) return new(new(name, null, asked.LeastRate, CriterionState.NotEvaluable, $"not evaluable: no cluster has {asked.LeastPrompts} prompts"), (asked.LeastPrompts - clusters.Max(c => c.Prompts), 0));
        var worst = large.MinBy(c => c.Rate)!;
        var upper = WilsonInterval.Of(worst.Rate * worst.Prompts, worst.Prompts, 1 - criteria.Test.Alpha).Upper;
        var result = Of(name, worst.Rate, asked.LeastRate, worst.Rate >= asked.LeastRate, $"cluster {worst.Cluster}: win rate {worst.Rate:0.000} on {worst.Prompts} prompts, at least {asked.LeastRate:0.00##} asked of each of {large.Count} clusters");
        return result with { More = upper >= asked.LeastRate ? (1, 0) : null };
    }

    CheckedCriterion? Safety() =>
        criteria.MostMoreUnsafe is not { } most ? null
        : statistics is not { ChampionUnsafe: { } champion, ChallengerUnsafe: { } challenger } ? new(new("safety", null, most, CriterionState.NotEvaluable, $"not evaluable: {Sentence("challengerUnsafe")}"), (1, 0))
        : Of("safety", challenger - champion, most, challenger - champion <= most, $"{challenger:P1} of the challenger's and {champion:P1} of the champion's completions were called unsafe, at most {most:P1} more allowed");

    CheckedCriterion? LengthControlled() =>
        criteria.LeastLengthControlledWinRate is not { } least ? null
        : statistics is not { LengthControlledWinRate: { } rate, LengthControlledLower: { } lower } ? new(new("length-controlled win rate", null, least, CriterionState.NotEvaluable, $"not evaluable: {Sentence("lengthControlledWinRate")}"), (1, 0))
        : Of("length-controlled win rate", rate, least, lower > least, $"{rate:0.000}, lower bound {lower:0.000}, above {least:0.00##} asked for") with { More = statistics.LengthControlledUpper > least ? (1, 0) : null };

    CheckedCriterion? PositionBias() =>
        !criteria.NoPositionBias ? null
        : statistics is not { FirstShownWins: { } wins, FirstShownLower: { } lower, FirstShownUpper: { } upper } ? NotEvaluable("position bias", null, Sentence("firstShownWins"))
        : Of("position bias", wins, 0.5, lower <= 0.5 && upper >= 0.5, $"the side shown first wins {wins:P1}, interval {lower:0.000} to {upper:0.000}, which must include 0.5");

    CheckedCriterion? Mendable(CheckedCriterion? criterion) => criterion is null ? null : criterion with { More = WhileUndecided };

    static CheckedCriterion? Least(string name, double? least, double? value, string why) =>
        least is not { } l ? null : value is not { } v ? NotEvaluable(name, l, why) : Of(name, v, l, v >= l, $"{v:0.####}, at least {l:0.####} asked for");

    static CheckedCriterion? Most(string name, double? most, double? value, string why) =>
        most is not { } m ? null : value is not { } v ? NotEvaluable(name, m, why) : Of(name, v, m, v <= m, $"{v:0.####}, at most {m:0.####} allowed");

    static CheckedCriterion NotEvaluable(string name, double? threshold, string why) => new(new(name, null, threshold, CriterionState.NotEvaluable, $"not evaluable: {why}"), NoMore);

    static CheckedCriterion Of(string name, double value, double threshold, bool holds, FormattableString reason) =>
        new(new(name, value, threshold, holds ? CriterionState.Holds : CriterionState.Fails, reason.ToString(CultureInfo.InvariantCulture)), NoMore);

    static double? Ratio(double? of, double? by) => of is { } o && by is > 0 and var b ? o / b : null;

    string Sentence(string figure) => reasons.TryGetValue(figure, out var reason) ? char.ToLowerInvariant(reason[0]) + reason[1..].TrimEnd('.') : "it was not measured";
}
