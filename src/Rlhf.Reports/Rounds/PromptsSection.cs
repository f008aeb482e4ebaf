using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>What kinds of prompts there are, which were asked about, and where the challenger is better.</summary>
static class PromptsSection
{
    public static XElement Of(RoundMaterial round) => Section(
        "prompts", "Prompts and their clusters", Selection(round),
        round.ClusterPlot is { } plot
            ? new Figure("clusters", "Prompts in the plane, each as the number of its cluster", "Prompts in the plane of their first two principal components (no unit), by what the policy's last layer says of them: each is the number of its cluster.", plot, round.ClusterNumbers).ToElement()
            : Absent(round.Missing.GetValueOrDefault(RoundReader.ClusterPlot, "Prompts were not grouped.")),
        WinRates(round));

    static IEnumerable<XElement> Selection(RoundMaterial round)
    {
        if (round.Selection is not { } selection)
        {
            yield return Absent(round.Missing.GetValueOrDefault(RoundReader.Selection, ""));
            yield break;
        }
        yield return Paragraph(
            $"{Readable.Count(selection.Training)} comparisons to train on and {Readable.Count(selection.HeldOut)} held out were asked of {Readable.Count(selection.Candidates)} candidates "
            + $"({string.Join(", ", selection.Strategies.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key} {s.Value}"))})."
            + (selection is { Coverage: { } coverage, Evenness: { } evenness } ? $" Clusters with a question: {Readable.Percent(coverage)}; evenness {Readable.Number(evenness)} of 1." : ""));
        if (selection.Clusters.Count > 0)
            yield return Table("Clusters of prompts for training", ["Cluster", "Prompts", "Candidates", "Asked"], selection.Clusters.Select(c => (IReadOnlyList<object?>)[c.Cluster, c.Prompts, c.Candidates, c.Asked]));
    }

    static IEnumerable<XElement> WinRates(RoundMaterial round)
    {
        var verdict = round.Report.Decision.Verdict;
        if (verdict.Clusters.Count == 0) yield break;
        if (verdict.Statistics.ClustersContradict == true) yield return Message("The whole says one thing and most kinds of prompts the other (Simpson's paradox).");
        yield return Table($"Win rate of the challenger by cluster{round.GateMark}", ["Cluster", "Prompts", "Win rate"], verdict.Clusters.Select(c => (IReadOnlyList<object?>)[c.Cluster, c.Prompts, c.Rate]));
    }
}
