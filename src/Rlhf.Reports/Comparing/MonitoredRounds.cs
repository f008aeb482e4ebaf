using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;
using Rlhf.Reports.Rounds;
using Rlhf.Steps.Data;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Comparing;

/// <summary>What the over-optimization monitor measured in each of several rounds, and what going on promises after each.</summary>
static class MonitoredRounds
{
    public static XElement Of(IReadOnlyList<RoundMaterial> rounds)
    {
        const string id = "overoptimization", title = "Over-optimization, over each other";
        List<(string Name, OveroptimizationReport Report)> monitored = [.. rounds.Where(r => r.Overoptimization is not null).Select(r => (RoundsDocument.NameOf(r, rounds), r.Overoptimization!))];
        if (monitored.Count == 0) return Section(id, title, Absent("The over-optimization monitor watched none of these trainings, so there is no gold on their way and nothing is predicted."));
        var mark = monitored.Select(m => OveroptimizationSection.Mark(m.Report)).FirstOrDefault(m => m.Length > 0) ?? "";
        return Section(
            id, $"{title}{mark}",
            Figure("gold-by-round", mark.Contains("simulated", StringComparison.Ordinal) ? "Gold (simulated)" : "Gold", monitored, p => p.Gold).ToElement(), Figure("proxy-by-round", "Proxy", monitored, p => p.Proxy).ToElement(),
            Verdicts(monitored, mark), Outlooks(monitored));
    }

    /// <summary>Each round's zero is the policy that its training started from.</summary>
    static Figure Figure(string name, string what, List<(string Name, OveroptimizationReport Report)> rounds, Func<OveroptimizationPoint, Estimate> figure)
    {
        var plot = new Plot("√KL to the policy that the round started from (√nats)", $"{what} (deviations of that policy's)").FromZero();
        var csv = new Csv("round", "policy", "update", "kl", "sqrt_kl", "value", "lower", "upper");
        foreach (var (round, report) in rounds)
        {
            plot.Line(round, [new(0, 0), .. report.Points.OrderBy(p => p.Kl).Select(p => new PlotPoint(Math.Sqrt(p.Kl), figure(p).Value, figure(p).Lower, figure(p).Upper))]);
            foreach (var p in report.Points) csv.Add(round, $"{p.Policy}", p.Update, p.Kl, Math.Sqrt(p.Kl), figure(p).Value, figure(p).Lower, figure(p).Upper);
        }
        return new(name, $"{what} of the rounds against √KL", $"{what} with 95 % intervals; each round's zero is the policy that it started from.", plot.ToSvg(), csv.ToString());
    }

    static XElement Verdicts(List<(string Name, OveroptimizationReport Report)> rounds, string mark) => Table(
        $"What the monitor said, and the checkpoint that it handed on{mark}", ["Round", "Monitor", "KL handed on (nats)", "Gold there (deviations)", "α", "β", "Best KL by the law (nats)"], rounds.Select(r =>
        {
            var best = r.Report.Points.LastOrDefault(p => p.Policy == r.Report.Best);
            return (IReadOnlyList<object?>)
            [
                r.Name, OveroptimizationSection.Verdict(r.Report.Verdict), best?.Kl, best is null ? null : Readable.Estimate(best.Gold), Estimated(r.Report.Fit?.Alpha), Estimated(r.Report.Fit?.Beta), Estimated(r.Report.Fit?.BestKl),
            ];
        }));

    /// <summary>It informs; nothing is decided by it.</summary>
    static IEnumerable<XElement> Outlooks(List<(string Name, OveroptimizationReport Report)> rounds)
    {
        yield return Table("What the law predicts of going on after each round, in deviations of gold; it decides nothing", ["After", "One more round, with a reward model trained anew", "Training longer against the same reward model"], rounds.Select(r => (IReadOnlyList<object?>)
            [r.Name, Predicted(r.Report, o => o.OneMoreRound), Predicted(r.Report, o => o.TrainingLonger)]));
        if (rounds.Select(r => r.Report.Outlook).LastOrDefault(o => o is { Assumptions.Count: > 0 }) is { } outlook)
            yield return Details("What that assumes", new XElement("ul", outlook.Assumptions.Select(a => new XElement("li", a))));
    }

    static string? Estimated(Estimate? estimate) => estimate is null ? null : Readable.Estimate(estimate);

    static string Predicted(OveroptimizationReport report, Func<RoundOutlook, Estimate> of) =>
        report.Outlook is { } outlook ? Readable.Estimate(of(outlook)) : report.Refused is { } refused ? $"not predicted: {refused}" : "not predicted: the round's number was not given";
}
