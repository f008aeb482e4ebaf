using System.Globalization;
using Rlhf.Learning.Evaluation;
using Rlhf.Pipeline.Labeling;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;

namespace Rlhf.Pipeline.Gate;

/// <summary>What is known beside the judgements.</summary>
/// <param name="Measures">Figures of the policies; null where nothing was measured.</param>
/// <param name="Card">Report card of the reward model; null where there is none.</param>
/// <param name="PromptsLeft">Held-out prompts that were not asked about; null where that is not known.</param>
/// <param name="IsExploratory">True where some judgement was collected under other criteria.</param>
sealed record GateSurroundings(ChallengerMeasures? Measures = null, RewardModelCard? Card = null, int? PromptsLeft = null, bool IsExploratory = false);

/// <summary>Decides from criteria and evidence, and from nothing else: the same ones come to the same verdict, a year later too.</summary>
static class GateVerdicts
{
    public static GateVerdict Of(GateCriteria criteria, GateEvidence evidence, GateSurroundings around)
    {
        var votes = WithinBudget(evidence.Votes, criteria.Test.Budget);
        var prompts = votes.GroupBy(v => v.Prompt).Select(g => new PromptRate(g.Key, g.First().Cluster, g.Average(v => v.Rate), g.Average(v => v.Longer), g.Count())).ToList();
        var figures = new Figures();
        var clusters = GateFigures.Clusters(prompts);
        var statistics = GateFigures.Of(criteria, evidence, votes, prompts, clusters, figures);
        var test = GateTests.Of(criteria.Test, prompts, votes);
        var results = new CriterionChecks(criteria, evidence, votes, prompts, clusters, statistics, figures.Reasons, around, test).All();
        var (outcome, reason, more) = Decide(criteria, test, results, votes, prompts, around);
        return new(
            outcome, reason, more, prompts.Count, votes.Count, votes.Count(v => v.Rate == 1), votes.Count(v => v.Rate == 0), votes.Count(v => !v.IsDecisive),
            votes.Select(v => v.Labeler).Distinct().Count(), prompts.Count > 0 ? prompts.Average(p => p.Rate) : null, test.Lower, test.Upper, 1 - criteria.Test.Alpha,
            test.EValue, test.FutilityEValue, votes.Any(v => v.Simulated), [.. results.Select(r => r.Result)], statistics, clusters, figures.Reasons)
        {
            JudgeShare = votes.Any(v => v.Kind == LabelerKind.Judge) ? (double)votes.Count(v => v.Kind == LabelerKind.Judge) / votes.Count : null,
            Missing = evidence.Missing,
        };
    }

    /// <summary>Whole prompts, in the order of asking, to the one that uses the budget of decisive judgements up; later ones are not looked at.</summary>
    static List<GateVote> WithinBudget(IReadOnlyList<GateVote> votes, int budget)
    {
        var (taken, decisive) = (new List<GateVote>(), 0);
        foreach (var prompt in votes.GroupBy(v => v.Prompt))
        {
            if (decisive >= budget) break;
            taken.AddRange(prompt);
            decisive += prompt.Count(v => v.IsDecisive);
        }
        return taken;
    }

    static (string Outcome, string Reason, int? More) Decide(
        GateCriteria criteria, TestResult test, IReadOnlyList<CheckedCriterion> results, IReadOnlyList<GateVote> votes, IReadOnlyList<PromptRate> prompts, GateSurroundings around)
    {
        var open = results.Where(r => !r.Result.Holds).ToList();
        if (open.Count == 0) return (GateVerdict.Promote, "Every criterion holds.", null);
        if (test.Verdict == SequentialVerdict.Futile) return Rejected(results[0]);
        if (open.FirstOrDefault(r => r.More is null) is { } final) return Rejected(final);
        var decisive = votes.Count(v => v.IsDecisive);
        if (decisive >= criteria.Test.Budget) return (GateVerdict.Reject, $"Undecided after {decisive} decisive judgements, the budget of {criteria.Test.Budget}: {Said(open[0])}", null);
        if (around.PromptsLeft == 0) return (GateVerdict.Reject, $"Undecided, and no held-out prompt is left that was not asked about: {Said(open[0])}", null);
        // A prompt has as many judgements as before, and as many of them are decisive.
        var each = prompts.Count > 0 ? (double)votes.Count / prompts.Count : 1;
        var share = votes.Count > 0 ? Math.Max((double)decisive / votes.Count, 1.0 / votes.Count) : 1;
        var wanted = open.Max(r => r.More!.Value.Prompts * each + r.More.Value.Judgements);
        var more = Math.Max(1, (int)Math.Ceiling(Math.Min(wanted, (criteria.Test.Budget - decisive) / share)));
        return (GateVerdict.NeedMoreJudgements, $"Not decided yet, about {more} more judgements are needed: {Said(open[0])}", more);

        static (string, string, int?) Rejected(CheckedCriterion criterion) => (GateVerdict.Reject, Said(criterion), null);

        static string Said(CheckedCriterion criterion) => $"{criterion.Result.Name}: {criterion.Result.Reason}.";
    }
}

/// <summary>A prompt as the test sees it: the mean of its judgements.</summary>
/// <param name="Longer">Mean characters of the challenger's completion less the champion's.</param>
sealed record PromptRate(string Prompt, string? Cluster, double Rate, double Longer, int Judgements);

/// <summary>What the sequential test says; figures are null where there is nothing to compute them from, or the test is refused.</summary>
sealed record TestResult(SequentialVerdict Verdict, double? EValue, double? FutilityEValue, double? Lower, double? Upper, int More, string? Refused = null);

/// <summary>The sequential tests that criteria can name.</summary>
static class GateTests
{
    public static TestResult Of(TestCriterion test, IReadOnlyList<PromptRate> prompts, IReadOnlyList<GateVote> votes)
    {
        if (prompts.Count == 0) return new(SequentialVerdict.Undecided, null, null, null, null, 1);
        var plan = new SequentialPlan(test.TargetRate, test.ExpectedRate, test.Alpha, test.Beta);
        IReadOnlyList<double> x = [.. prompts.Select(p => p.Rate)];
        if (test.Kind != GateTest.Betting && prompts.FirstOrDefault(p => p.Judgements > 1) is { } several)
            return new(SequentialVerdict.Undecided, null, null, null, null, 1,
                $"the test '{test.Kind}' is about one judgement a prompt, and prompt {several.Prompt} has {several.Judgements}; expected the test 'betting'");
        // The other two see decisive judgements only, which are 0 and 1.
        var seen = test.Kind == GateTest.Betting ? x : [.. x.Where(r => r != 0.5)];
        if (seen.Count == 0) return new(SequentialVerdict.Undecided, null, null, null, null, 1);
        var betting = BettingTest.Of(seen, plan);
        var more = BettingTest.ExpectedMore(seen, plan);
        var (wins, losses) = (seen.Count(r => r == 1), seen.Count(r => r == 0));
        switch (test.Kind)
        {
            case GateTest.Sprt:
                var sprt = SprtTest.Of(wins, losses, plan);
                return new(sprt.Verdict, null, null, betting.Lower, betting.Upper, more);
            case GateTest.BetaBinomial:
                var e = BetaBinomialTest.EValue(wins, losses, test.TargetRate);
                var above = wins > losses * test.TargetRate / (1 - test.TargetRate) && e >= 1 / test.Alpha;
                return new(above ? SequentialVerdict.Above : betting.Verdict == SequentialVerdict.Futile ? SequentialVerdict.Futile : SequentialVerdict.Undecided, e, betting.FutilityEValue, betting.Lower, betting.Upper, more);
            default:
                return new(betting.Verdict, betting.EValue, betting.FutilityEValue, betting.Lower, betting.Upper, more);
        }
    }

    /// <summary>For people.</summary>
    public static string Sentence(TestCriterion test, TestResult result, int prompts)
    {
        if (result.Refused is { } refused) return $"not evaluable: {refused}";
        if (prompts == 0) return "not evaluable: there is no judgement";
        var interval = result is { Lower: { } lower, Upper: { } upper } ? string.Create(CultureInfo.InvariantCulture, $", always-valid {1 - test.Alpha:P0} interval {lower:0.000} to {upper:0.000}") : "";
        var e = result.EValue is { } value ? string.Create(CultureInfo.InvariantCulture, $", e-value {value:0.##} of {1 / test.Alpha:0.##}") : "";
        var what = result.Verdict switch
        {
            SequentialVerdict.Above => string.Create(CultureInfo.InvariantCulture, $"the win rate is above {test.TargetRate:0.00##}"),
            SequentialVerdict.Futile => string.Create(CultureInfo.InvariantCulture, $"futile: the win rate is below {test.ExpectedRate:0.00##}, which is what a promotion is worth"),
            _ => string.Create(CultureInfo.InvariantCulture, $"not shown yet that the win rate is above {test.TargetRate:0.00##}"),
        };
        return $"{what}{e}{interval}, {prompts} prompts";
    }
}
