using Rlhf.Learning.Evaluation;
using Rlhf.Pipeline.Labeling;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;

namespace Rlhf.Pipeline.Gate;

/// <summary>What is reported beside the test.</summary>
static class GateFigures
{
    const int Resamples = 1000, ResamplingSeed = 1;

    public static GateStatistics Of(
        GateCriteria criteria, GateEvidence evidence, IReadOnlyList<GateVote> votes, IReadOnlyList<PromptRate> prompts, IReadOnlyList<ClusterRate> clusters, Figures figures)
    {
        var confidence = 1 - criteria.Test.Alpha;
        var (wins, decisive) = (votes.Count(v => v.Rate == 1), votes.Count(v => v.IsDecisive));
        var wilson = figures.Known("wilson", decisive > 0 ? WilsonInterval.Of(wins, decisive, confidence) : null, "No judgement was decisive.");
        var shown = votes.Where(v => v is { IsDecisive: true, ChallengerFirst: not null }).ToList();
        var firstWins = shown.Count(v => v.Rate == 1 == v.ChallengerFirst);
        var first = figures.Known("firstShownWins", shown.Count > 0 ? WilsonInterval.Of(firstWins, shown.Count, confidence) : null, "Of no decisive judgement it is known which side was shown first.");
        var (better, worse) = (prompts.Count(p => p.Rate > 0.5), prompts.Count(p => p.Rate < 0.5));
        var controlled = Controlled(prompts, figures);
        var said = votes.Concat(evidence.OtherAxes).ToList();
        var all = votes.Where(v => v.ChampionLength + v.Longer >= 0).DistinctBy(v => v.Comparison).ToList();
        var (championLength, challengerLength) = (all.Sum(v => (double)v.ChampionLength), all.Sum(v => v.ChampionLength + v.Longer));
        var mean = prompts.Count > 0 ? prompts.Average(p => p.Rate) : (double?)null;
        return new()
        {
            DecisiveWinRate = decisive > 0 ? (double)wins / decisive : null,
            WilsonLower = wilson?.Lower,
            WilsonUpper = wilson?.Upper,
            SignTest = better + worse > 0 ? figures.Try("signTest", () => Learning.Evaluation.SignTest.OneSided(better, worse)) : figures.Known<double?>("signTest", null, "Every prompt is a tie."),
            StandardError = figures.Try("standardError", () => WinRates.Of([.. prompts.Select(p => p.Rate)]).StandardError),
            LengthControlledWinRate = controlled?.Controlled,
            LengthControlledLower = controlled?.Lower,
            LengthControlledUpper = controlled?.Upper,
            FirstShownWins = shown.Count > 0 ? (double)firstWins / shown.Count : null,
            FirstShownLower = first?.Lower,
            FirstShownUpper = first?.Upper,
            Agreement = Agreement(votes, figures),
            ChampionUnsafe = Unsafe(said, v => v.Champion, "championUnsafe", figures),
            ChallengerUnsafe = Unsafe(said, v => v.Challenger, "challengerUnsafe", figures),
            LengthRatio = figures.Known("lengthRatio", championLength > 0 ? challengerLength / championLength : (double?)null, "The champion's completions are empty."),
            // Simpson's paradox: the whole on one side of a half, most clusters on the other.
            ClustersContradict = clusters.Count < 2 ? null : mean > 0.5 ? 2 * clusters.Count(c => c.Rate < 0.5) > clusters.Count : mean < 0.5 && 2 * clusters.Count(c => c.Rate > 0.5) > clusters.Count,
        };
    }

    /// <summary>In the order of their names; none where prompts were not grouped.</summary>
    public static IReadOnlyList<ClusterRate> Clusters(IReadOnlyList<PromptRate> prompts) =>
        [.. prompts.Where(p => p.Cluster is not null).GroupBy(p => p.Cluster!).OrderBy(g => g.Key.Length).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => new ClusterRate(g.Key, g.Count(), g.Average(p => p.Rate)))];

    static LengthControlledWinRate? Controlled(IReadOnlyList<PromptRate> prompts, Figures figures)
    {
        LengthControlledWinRate? controlled = null;
        figures.Try("lengthControlledWinRate", () => (controlled = LengthControlledWinRate.Of([.. prompts.Select(p => p.Rate)], [.. prompts.Select(p => p.Longer)], ResamplingSeed, Resamples)).Controlled);
        return controlled;
    }

    static double? Agreement(IReadOnlyList<GateVote> votes, Figures figures)
    {
        var (pairs, agreeing) = (0L, 0L);
        foreach (var comparison in votes.GroupBy(v => v.Comparison))
        {
            long n = comparison.Count();
            pairs += n * (n - 1) / 2;
            agreeing += comparison.GroupBy(v => v.Rate).Sum(g => g.Count() * (g.Count() - 1L) / 2);
        }
        return figures.Known("agreement", pairs > 0 ? (double)agreeing / pairs : (double?)null, "No comparison was judged by two labelers.");
    }

    static double? Unsafe(IReadOnlyList<GateVote> votes, Func<GateVote, Safety?> of, string name, Figures figures)
    {
        var said = votes.Select(of).Where(s => s is Safety.Safe or Safety.Unsafe).ToList();
        return figures.Known(name, said.Count > 0 ? (double)said.Count(s => s == Safety.Unsafe) / said.Count : (double?)null, "Nobody said of a side alone whether it is safe.");
    }
}
