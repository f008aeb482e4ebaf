using Rlhf.Learning.Evaluation;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Labeling;

/// <summary>Makes a <see cref="JudgementReport"/> of a file of judgements.</summary>
public static class JudgementReports
{
    /// <param name="content">A file with prompts and completions; with no judgement in it, the report has no axis.</param>
    /// <param name="gold">Judgements, one of each item and axis, whose choice is the known answer; null for none.</param>
    /// <exception cref="InvalidDataException">An item has several known answers on one axis.</exception>
    public static JudgementReport Of(JudgementFileContent content, JudgementFileContent? gold = null) => new(
        content.Name, content.Lines.Count, content.Repeated, content.SelfRepeated, content.Lines.Any(l => l.Kind == LabelerKind.Simulated),
        new Dictionary<string, string>
        {
            ["ability"] = $"Dawid and Skene's model of a, tie and b with errors that are the same from either side, as if {DawidSkene.UsuallyKnownBefore} judgements of each had come before, {DawidSkene.UnknownAbility:P0} of them right",
            ["alarm"] = $"more than {AgreementReports.MostDisagreement:P0} of all pairs of labelers of an item disagree about a, tie and b",
            ["speedOutlier"] = LabelerReports.SpeedRule,
        },
        [.. content.Lines.GroupBy(l => l.Axis).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => OfAxis(g.Key, [.. g], Known(gold, g.Key)))]);

    static List<JudgementLine> Known(JudgementFileContent? gold, string axis)
    {
        var known = (gold?.Lines ?? []).Where(l => l.Axis == axis).ToList();
        return known.GroupBy(l => l.Item).FirstOrDefault(g => g.Skip(1).Any()) is { } several
            ? throw JudgementFile.Wrong(gold!.Name, several.Last().Line, $"item '{several.Key}' has another answer in line {several.First().Line}; expected one known answer of each item.")
            : known;
    }

    static AxisReport OfAxis(string axis, IReadOnlyList<JudgementLine> lines, IReadOnlyList<JudgementLine> gold)
    {
        // Together, so that their sides are in one order.
        var sided = SidedJudgement.Of([.. lines, .. gold]);
        var all = sided.Take(lines.Count).ToList();
        var known = sided.Skip(lines.Count).ToDictionary(j => j.Line.Item, j => j.Category);
        var first = all.DistinctBy(j => (j.Line.Item, j.Line.Labeler)).ToList();
        var agreement = AgreementReports.Of(first);
        var fit = agreement.ItemsJudgedTwice > 0 ? Fit(first) : null;
        var figures = new Figures();
        figures.Known("dawidSkene", fit, "No item was judged by two labelers, so that nothing tells their abilities.");
        return new(
            axis, all.CountBy(j => j.Line.Choice).OrderBy(c => c.Key).ToDictionary(c => c.Key.Text(), c => c.Value), agreement,
            Groups(first, j => j.Line.Cluster), Groups(first, j => j.Line.Guidelines),
            LabelerReports.Of(all, first, fit?.Abilities, known), Consensus(first, fit?.Probabilities))
        { Safety = figures.Known("safety", SafetyReports.Of(first), "Nobody said of a side alone whether it is safe."), Kinds = KindReports.Of(all), Judges = KindReports.Judges(first), Reasons = figures.Reasons };
    }

    static List<GroupReport> Groups(IReadOnlyList<SidedJudgement> first, Func<SidedJudgement, string?> by) =>
        [.. first.Where(j => by(j) is not null).GroupBy(by).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new GroupReport(g.Key!, AgreementReports.Of([.. g])))];

    static (IReadOnlyDictionary<string, double> Abilities, IReadOnlyDictionary<string, IReadOnlyList<double>> Probabilities)? Fit(IReadOnlyList<SidedJudgement> first)
    {
        var items = Numbers(first.Select(j => j.Line.Item));
        var labelers = Numbers(first.Select(j => j.Line.Labeler));
        var fit = DawidSkene.FitMirrored([.. first.Select(j => (items[j.Line.Item], labelers[j.Line.Labeler], j.Category))], SidedJudgement.Categories, DawidSkene.UsuallyKnownBefore);
        return (labelers.ToDictionary(l => l.Key, l => fit.Abilities[l.Value]), items.ToDictionary(i => i.Key, i => fit.Probabilities[i.Value]));
    }

    static Dictionary<string, int> Numbers(IEnumerable<string> names) => names.Distinct().Select((name, i) => (name, i)).ToDictionary(n => n.name, n => n.i);

    static List<ItemConsensus> Consensus(IReadOnlyList<SidedJudgement> first, IReadOnlyDictionary<string, IReadOnlyList<double>>? probabilities) =>
    [
        .. first.GroupBy(j => j.Line.Item).Select(item =>
        {
            var (line, counts) = (item.First(), AgreementReports.Counts(item));
            var probable = probabilities?[item.Key];
            return new ItemConsensus(
                item.Key, line.Line.SourceA, line.Line.SourceB, item.Count(),
                Majority(counts) is { } majority ? line.NameHere(majority) : null, (double)counts.Max() / item.Count(),
                probable is null ? null : line.NameHere(Enumerable.Range(0, SidedJudgement.Categories).MaxBy(k => probable[k])),
                probable is null ? null : Enumerable.Range(0, SidedJudgement.Categories).Select(k => (Name: line.NameHere(k), Probability: probable[k]))
                    .OrderBy(p => p.Name is "b" ? 2 : p.Name is "tie" ? 1 : 0).ToDictionary(p => p.Name, p => p.Probability))
            { Reason = Majority(counts) is null ? $"{counts.Count(c => c == counts.Max())} of a, tie and b were said equally often." : null };
        }),
    ];

    /// <summary>The category that leads alone, or null.</summary>
    internal static int? Majority(int[] counts)
    {
        var most = counts.Max();
        return most > 0 && counts.Count(c => c == most) == 1 ? Array.IndexOf(counts, most) : null;
    }
}
