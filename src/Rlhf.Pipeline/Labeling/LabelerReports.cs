namespace Rlhf.Pipeline.Labeling;

/// <summary>What each labeler's judgements of an axis are like beside those of the others.</summary>
static class LabelerReports
{
    const double FarBelow = 3;
    const int FewestTimes = 5;

    public static readonly string SpeedRule =
        $"the median of the labeler's seconds is below a third of the median of all other labelers' judgements by the axis; at least {FewestTimes} times each";

    public static IReadOnlyList<LabelerReport> Of(
        IReadOnlyList<SidedJudgement> all, IReadOnlyList<SidedJudgement> first, IReadOnlyDictionary<string, double>? abilities,
        IReadOnlyDictionary<string, int> known)
    {
        var counts = first.GroupBy(j => j.Line.Item).ToDictionary(g => g.Key, AgreementReports.Counts);
        return
        [
            .. all.GroupBy(j => j.Line.Labeler).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => Of([.. g], counts, abilities, known, [.. all.Where(j => j.Line.Labeler != g.Key).Select(j => j.Line.Seconds).OfType<double>()])),
        ];
    }

    static LabelerReport Of(
        IReadOnlyList<SidedJudgement> own, IReadOnlyDictionary<string, int[]> counts, IReadOnlyDictionary<string, double>? abilities, IReadOnlyDictionary<string, int> known,
        IReadOnlyList<double> peers)
    {
        var figures = new Figures();
        var firsts = own.DistinctBy(j => j.Line.Item).ToDictionary(j => j.Line.Item);
        var others = firsts.Values.Select(j => (j.Category, Others: MajorityOfOthers(counts[j.Line.Item], j.Category))).Where(j => j.Others is not null).ToList();
        var shared = firsts.Keys.Count(item => counts[item].Sum() > 1);
        var again = own.Where(j => !ReferenceEquals(firsts[j.Line.Item], j)).ToList();
        var checks = firsts.Values.Where(j => known.ContainsKey(j.Line.Item)).ToList();
        var biases = new Biases([.. own.Select(j => j.Line)], "The labeler", figures);
        var times = own.Select(j => j.Line.Seconds).OfType<double>().ToList();
        var (median, peersMedian) = (Median(times), Median(peers));
        var isTimed = times.Count >= FewestTimes && peers.Count >= FewestTimes;
        return new()
        {
            Labeler = own[0].Line.Labeler,
            Kind = KindReports.NameOf(own[0].Line.Kind),
            Judgements = own.Count,
            Items = firsts.Count,
            SharedItems = shared,
            Ability = figures.Known(
                "ability", shared == 0 ? null : abilities?[own[0].Line.Labeler], "Nobody else judged the labeler's items, so that nothing tells the ability."),
            ConsensusAgreement = figures.Known(
                "consensusAgreement", Proportion.Of95(others.Count(j => j.Category == j.Others), others.Count), "None of the labeler's items has a majority of others."),
            GoldAccuracy = figures.Known(
                "goldAccuracy", Proportion.Of95(checks.Count(j => j.Category == known[j.Line.Item]), checks.Count),
                known.Count == 0 ? "No answer is known (--gold)." : "The labeler judged no item whose answer is known."),
            SelfConsistency = figures.Known(
                "selfConsistency", Proportion.Of95(again.Count(j => j.Category == firsts[j.Line.Item].Category), again.Count), "The labeler judged no item twice."),
            PositionPreference = biases.Position(),
            LengthPreference = biases.Length(),
            SelfPreference = biases.Self(),
            MedianSeconds = figures.Known("medianSeconds", median, "No line says how long it took (seconds)."),
            PeersMedianSeconds = figures.Known("peersMedianSeconds", peersMedian, "No line of another labeler says how long it took (seconds)."),
            SpeedOutlier = figures.Known(
                "speedOutlier", isTimed ? median < peersMedian / FarBelow : (bool?)null,
                $"{times.Count} of the labeler's judgements and {peers.Count} of others say how long they took; expected at least {FewestTimes} each."),
            Reasons = figures.Reasons,
        };
    }

    static int? MajorityOfOthers(int[] counts, int own)
    {
        int[] others = [.. counts.Select((count, k) => k == own ? count - 1 : count)];
        return JudgementReports.Majority(others);
    }

    static double? Median(IReadOnlyList<double> values)
    {
        if (values.Count == 0) return null;
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
