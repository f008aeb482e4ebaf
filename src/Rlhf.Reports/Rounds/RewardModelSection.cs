using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;
using Rlhf.Steps.Data;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>The reward model on held-out pairs: accuracy, calibration, and what it makes of length.</summary>
static class RewardModelSection
{
    const int MostPoints = 1500;

    public static XElement Of(RoundMaterial round)
    {
        var card = round.Report.RewardModel;
        return Section(
            "reward-model", $"Reward model on held-out pairs{round.RewardMark}",
            Elements.Figures(
                ($"accuracy on {Readable.Count(card.Pairs)} pairs{round.RewardMark}", Readable.Percent(card.Accuracy)), ("bag of words on the same", Readable.Percent(card.BaselineAccuracy)), ("the longer one wins", Readable.Percent(card.LongerWins)),
                ("calibration error", Readable.Number(card.Calibration.Ece)), ("best temperature", Readable.Number(card.Calibration.Temperature))),
            card.Members > 1 ? Paragraph($"An ensemble of {card.Members}.") : null,
            card is { LanguageLossBefore: { } before, LanguageLossAfter: { } after } ? Paragraph($"As a language model its backbone was at {Readable.Number(before)} nats a token and is at {Readable.Number(after)}.") : null,
            card.Calibration.Reliability.Any(r => r.Pairs > 0) ? Reliability(round).ToElement() : Absent("The report card has no reliability table."),
            Length(round),
            Parts("by agreement of the labelers", card.ByAgreement), Parts("by who wrote the sides", card.BySource), Parts("by length", card.ByLength),
            round.Report.Second is { } second ? Paragraph($"Axis '{second.Axis}': accuracy {Readable.Percent(second.RewardModel.Accuracy)} on {Readable.Count(second.RewardModel.Pairs)} pairs, calibration error {Readable.Number(second.RewardModel.Calibration.Ece)}.") : null);
    }

    static Figure Reliability(RoundMaterial round)
    {
        var rows = round.Report.RewardModel.Calibration.Reliability.Where(r => r.Pairs > 0).ToList();
        var csv = new Csv("lower", "upper", "pairs", "predicted", "observed", "observed_lower", "observed_upper");
        var points = new List<PlotPoint>();
        foreach (var row in rows)
        {
            var (lower, upper) = Wilson(row.Observed, row.Pairs);
            points.Add(new(row.Predicted, row.Observed, lower, upper));
            csv.Add(row.Lower, row.Upper, row.Pairs, row.Predicted, row.Observed, lower, upper);
        }
        var left = Math.Min(0.5, rows.Min(r => r.Lower));
        var plot = new Plot($"Predicted probability of the judged side", $"Share that came true{round.RewardMark}").Range(left, 1, 0, 1.02).Guide(new(left, left), new(1, 1)).Line("held-out pairs, with 95 % intervals", points);
        return new("reliability", "Reliability diagram: predicted probability against the share that came true", $"Reliability{round.RewardMark}: on the dashed line predictions come true as often as they say. Intervals are Wilson's.", plot.ToSvg(), csv.ToString());
    }

    static XElement Length(RoundMaterial round)
    {
        if (round.Pairs.Count == 0) return Absent(round.Missing.GetValueOrDefault(RoundReader.Pairs, "There are no held-out pairs."));
        var csv = new Csv("comparison", "length_difference", "margin", "baseline_margin");
        foreach (var pair in round.Pairs) csv.Add(pair.ComparisonId, Difference(pair), pair.Margin, pair.BaselineMargin);
        var plot = new Plot("Length: preferred less other side (characters)", "Margin of the reward model (preferred less other)").Guide(new(0, round.Pairs.Min(p => p.Margin)), new(0, round.Pairs.Max(p => p.Margin)))
            .Guide(new(round.Pairs.Min(Difference), 0), new(round.Pairs.Max(Difference), 0)).Points("held-out pairs", [.. Plot.Thinned(round.Pairs, MostPoints).Select(p => new PlotPoint(Difference(p), p.Margin))]);
        var length = round.Report.RewardModel.Length;
        var said = length is { Correlation: { } correlation, Decided: { } decided }
            ? $" Scores and lengths correlate by {Readable.Number(correlation)}; length decides {Readable.Percent(decided)} of the pairs." : " All lengths, or all scores, are the same.";
        return new Figure(
            "length", "Margin of the reward model against the difference in length", $"Above the line the reward model agrees with the labelers{round.RewardMark}.{said}"
            + (round.Pairs.Count > MostPoints ? $" Drawn are {Readable.Count(MostPoints)} of {Readable.Count(round.Pairs.Count)} pairs, evenly out of all; the numbers are all." : ""), plot.ToSvg(), csv.ToString()).ToElement();
    }

    static int Difference(ScoredPair pair) => pair.Chosen.Length - pair.Rejected.Length;

    static XElement? Parts(string by, IReadOnlyList<PartAccuracy> parts) => parts.Count == 0 ? null
        : Table($"Accuracy {by}", ["Part", "Pairs", "Accuracy"], parts.Select(p => (IReadOnlyList<object?>)[p.Part, p.Pairs, p.Accuracy]));

    /// <summary>Wilson's 95 % interval of a share.</summary>
    internal static (double Lower, double Upper) Wilson(double share, int of)
    {
        const double z = 1.959963984540054;
        var (middle, wide) = ((share + z * z / (2 * of)) / (1 + z * z / of), z * Math.Sqrt(share * (1 - share) / of + z * z / (4.0 * of * of)) / (1 + z * z / of));
        return (Math.Max(0, middle - wide), Math.Min(1, middle + wide));
    }
}
