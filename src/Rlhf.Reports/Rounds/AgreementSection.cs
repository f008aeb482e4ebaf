using System.Xml.Linq;
using Rlhf.Reports.Pages;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>How far labelers say the same, and how the gate's judgements spread over kinds of prompts.</summary>
static class AgreementSection
{
    public static XElement Of(RoundMaterial round)
    {
        var statistics = round.Report.Decision.Verdict.Statistics;
        var reasons = round.Report.Decision.Verdict.Reasons;
        return Section(
            "agreement", $"Agreement{round.GateMark}",
            round.Preferences is null ? Absent(round.Missing.GetValueOrDefault(RoundReader.Preferences, "")) : Preferences(round),
            Table("Of the gate's judgements; decides nothing unless a criterion names it", ["Statistic", "Figure", "Interval or remark"],
            [
                ["Pairs of judgements of a comparison that say the same (share)", statistics.Agreement, reasons.GetValueOrDefault("agreement")],
                ["Decisive judgements for the challenger (share)", statistics.DecisiveWinRate, statistics.DecisiveWinRate is null ? reasons.GetValueOrDefault("decisiveWinRate") : Readable.Interval(statistics.WilsonLower, statistics.WilsonUpper)],
                ["Length-controlled win rate", statistics.LengthControlledWinRate, statistics.LengthControlledWinRate is null ? reasons.GetValueOrDefault("lengthControlledWinRate") : Readable.Interval(statistics.LengthControlledLower, statistics.LengthControlledUpper)],
                ["The side shown first wins (share)", statistics.FirstShownWins, statistics.FirstShownWins is null ? reasons.GetValueOrDefault("firstShownWins") : Readable.Interval(statistics.FirstShownLower, statistics.FirstShownUpper)],
                ["Length of the challenger by the champion's", statistics.LengthRatio, null],
            ]));
    }

    static IEnumerable<XElement> Preferences(RoundMaterial round)
    {
        var preferences = round.Preferences!;
        yield return Paragraph(
            $"Preference pairs{round.RewardMark}: {Readable.Count(preferences.TrainPairs)} to train on and {Readable.Count(preferences.HeldOutPairs)} held out, {Readable.Count(preferences.Ties)} ties. "
            + $"Judgements equal to the most frequent of their comparison: {Readable.Percent(preferences.MeanAgreement)} on average; "
            + (preferences.Disagreement is { } disagreement ? $"{Readable.Percent(disagreement)} of the pairs of labelers disagree about the better side." : "no comparison was judged by two."));
        if (preferences.Labelers.Count > 0)
            yield return Table($"Labelers{round.RewardMark}", ["Labeler", "Judgements", "Same as what was taken for better", "Ability"], preferences.Labelers.Select(l => (IReadOnlyList<object?>)
                [new XElement("bdi", l.Labeler), l.Judgements, l.Consensus, l.Ability]));
    }
}
