using Rlhf.Learning.Evaluation;

namespace Rlhf.Pipeline.Labeling;

/// <summary>Agreement figures of judgements, in which each labeler judges an item once.</summary>
static class AgreementReports
{
    /// <summary>Share of pairs of labelers that may disagree without an alarm.</summary>
    public const double MostDisagreement = 0.3;

    public static AgreementReport Of(IReadOnlyList<SidedJudgement> judgements)
    {
        var items = judgements.GroupBy(j => j.Line.Item).Select(g => g.ToList()).ToList();
        var several = items.Where(i => i.Count > 1).ToList();
        var firstTwo = several.Select(i => (i[0].Category, i[1].Category)).ToList();
        var pairs = several.Sum(i => i.Count * (i.Count - 1) / 2);
        var agreeing = several.Sum(i => i.CountBy(j => j.Category).Sum(c => c.Value * (c.Value - 1) / 2));

        var figures = new Figures();
        double? Share(string name, int hits, int of) => figures.Known(name, of == 0 ? null : (double?)hits / of, "No item was judged by two labelers.");
        var pairwise = Share("pairwiseAgreement", agreeing, pairs);
        return new()
        {
            Items = items.Count,
            Judgements = judgements.Count,
            Labelers = judgements.Select(j => j.Line.Labeler).Distinct().Count(),
            ItemsJudgedTwice = several.Count,
            Pairs = pairs,
            Agreement = Share("agreement", firstTwo.Count(p => p.Item1 == p.Item2), firstTwo.Count),
            Opposite = Share("opposite", firstTwo.Count(p => Math.Abs(p.Item1 - p.Item2) == 2), firstTwo.Count),
            CohenKappa = figures.Try("cohenKappa", () => Agreement.Of(firstTwo).CohenKappa),
            PairwiseAgreement = pairwise,
            Alarm = figures.Known("alarm", pairwise is null ? null : (bool?)(1 - pairwise > MostDisagreement), "No item was judged by two labelers."),
            FleissKappa = figures.Try("fleissKappa", () => FleissKappa.Of([.. items.Select(Counts)]).Kappa),
            KrippendorffNominal = figures.Try("krippendorffNominal", () => KrippendorffAlpha.Nominal([.. items.Select(i => i.Select(j => j.Category).ToList())]).Alpha),
            KrippendorffInterval = figures.Try("krippendorffInterval", () => KrippendorffAlpha.Interval([.. items.Select(i => i.Select(j => (double)j.Strength).ToList())]).Alpha),
            Reasons = figures.Reasons,
        };
    }

    public static int[] Counts(IEnumerable<SidedJudgement> judgements)
    {
        var counts = new int[SidedJudgement.Categories];
        foreach (var judgement in judgements) counts[judgement.Category]++;
        return counts;
    }
}
