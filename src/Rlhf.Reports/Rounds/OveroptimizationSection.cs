using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>Gold and proxy on the way of the training, the laws fitted to gold, and what the monitor says.</summary>
static class OveroptimizationSection
{
    public static XElement Of(RoundMaterial round)
    {
        const string id = "overoptimization", title = "Over-optimization: gold and proxy";
        if (round.Overoptimization is not { } report) return Section(id, title, Absent(round.Missing.GetValueOrDefault(RoundReader.Overoptimization, "")), Ends(round));
        return Section(
            id, $"{title}{Mark(report)}",
            new XElement("p", Class("outcome"), Verdict(report.Verdict)),
            report.Reasons.Count > 0 ? new XElement("ul", report.Reasons.Select(r => new XElement("li", r))) : null,
            report.Points.Count + report.BestOfN.Count == 0 ? Absent("No checkpoint was judged yet.") : OveroptimizationPlot.Of(report).ToElement(),
            report.Refused is { } refused ? Message(refused) : null, Fits(report), Outlook(report.Outlook), Points(report), Shift(report.Shift), report.Signs.SelectMany(s => Sign(s)));
    }

    public static string Verdict(MonitorVerdict verdict) => verdict switch
    {
        MonitorVerdict.Continue => "Go on",
        MonitorVerdict.Stop => "Stop",
        _ => "Refresh the reward model",
    };

    public static string Mark(OveroptimizationReport report) => report.Points.Concat(report.BestOfN).ToList() is { Count: > 0 } points
        && JudgedBy.Mark(points.Any(p => p.Simulated), points.Max(p => p.JudgeShare)) is { Length: > 0 } mark ? $" (gold: {mark.Trim(' ', '(', ')')})" : "";

    /// <summary>What a round without a monitor still knows: before and after.</summary>
    static XElement? Ends(RoundMaterial round) => round.Report.Gold is not { } gold ? null : Paragraph(
        $"At the end of the training, at a sequence KL of {Readable.Number(round.Report.SequenceKl)} nats: proxy {Readable.Number(round.Report.ProxyBefore)} before and {Readable.Number(round.Report.ProxyAfter)} after; "
        + $"gold (simulated) {Readable.Number(gold.ChampionMean)} before and {Readable.Number(gold.ChallengerMean)} after.");

    static XElement? Fits(OveroptimizationReport report)
    {
        List<IReadOnlyList<object?>> rows =
        [
            .. Row("PPO, law under RL: d(α − β ln d)", report.Fit), .. Row("PPO, law of best of n: d(α − βd)", report.QuadraticFit),
            .. Row("best of n, its law: d(α − βd)", report.BestOfNFit),
        ];
        return rows.Count == 0 ? null : new XElement("div",
            Table("Laws fitted to gold, with 95 % bootstrap intervals; d = √KL", ["Law", "α", "β", "Best KL (nats)", "Gain there (deviations)", "R²", "Points"], rows),
            report.QuadraticFit is null ? null : Paragraph("The law under RL describes a whole training better. From checkpoints before the peak the law of best of n says better where gold will be highest."));

        static IEnumerable<IReadOnlyList<object?>> Row(string name, LawFit? fit) =>
            fit is null ? [] : [[name, Readable.Estimate(fit.Alpha), Readable.Estimate(fit.Beta), Readable.Estimate(fit.BestKl), Readable.Estimate(fit.BestGain), fit.R2, fit.Points]];
    }

    /// <summary>It informs; nothing is decided by it.</summary>
    static IEnumerable<XElement> Outlook(RoundOutlook? outlook)
    {
        if (outlook is null) yield break;
        yield return Table("What the law predicts of going on, in deviations of gold; it decides nothing", ["Going on", "Predicted gain, with its interval"],
            [[$"One more round after round {outlook.Round}, with a reward model trained anew", Readable.Estimate(outlook.OneMoreRound)], ["Training longer against this reward model", Readable.Estimate(outlook.TrainingLonger)]]);
        if (outlook.Assumptions.Count > 0) yield return Details("What that assumes", new XElement("ul", outlook.Assumptions.Select(a => new XElement("li", a))));
    }

    static XElement Points(OveroptimizationReport report) => Details(
        $"All {report.Points.Count + report.BestOfN.Count} points",
        Table("Points, re-centred on the starting policy, in its standard deviations", ["Policy", "Update or n", "KL (nats)", "Proxy", "Gold", "Samples", "Judged", "Remark"], report.Points.Concat(report.BestOfN).Select(p => (IReadOnlyList<object?>)
            [Code(p.Policy.Short), p.Update, p.Kl, Readable.Estimate(p.Proxy), Readable.Estimate(p.Gold), p.Samples, p.Judged, $"{(p.Simulated ? "simulated" : "")}{(p.Policy == report.Best ? " best by gold" : "")}".Trim()])));

    static XElement? Shift(DistributionShift? shift) => shift is null ? null : Table("Distribution shift: the reward model then and on the current policy's pairs", ["Figure", "Then", "Now"],
    [
        ["Accuracy", shift.AccuracyThen, shift.AccuracyNow], ["Calibration error", shift.CalibrationErrorThen, shift.CalibrationErrorNow],
        ["Disagreement of the ensemble", shift.DisagreementThen, shift.DisagreementNow], ["Distance of hidden states", null, shift.HiddenDistance],
    ]);

    static IEnumerable<XElement> Sign(HackingSign sign)
    {
        var (name, unit) = sign.Words;
        yield return new("h3", $"Reward hacking by {name}: {(sign.Alarm ? "alarm" : "no sign")}");
        yield return Paragraph($"{Readable.Number(sign.Before)} at the start, {Readable.Number(sign.Now)} now; the threshold is {Readable.Number(sign.Threshold)}{(unit is null ? "" : $" ({unit})")}.");
        if (sign.Examples.Count > 0)
            yield return Details($"The {sign.Examples.Count} completions that show it most", sign.Examples.Select(e => new XElement(
                "div", Class("pair"), new XElement("p", Class("text prompt"), Readable.Beginning(e.Prompt)), new XElement("div", new XElement("p", Class("text"), Readable.Beginning(e.Completion)),
                    Paragraph($"{name} {Readable.Number(e.Figure)}, score {Readable.Number(e.Score)}")))));
    }
}
