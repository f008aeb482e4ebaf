using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Spectre.Console;

namespace Rlhf.Cli.Rounds;

/// <summary>What the over-optimization monitor says, as rows of a round's table.</summary>
static class MonitorReports
{
    public static void AddTo(Table table, OveroptimizationReport report)
    {
        if (report.Points.Count == 0) return; // a probe alone
        var source = $"monitor, {report.Points.Count} checkpoints{JudgedBy.Mark(report.Points.Any(p => p.Simulated), report.Points.Max(p => p.JudgeShare))}";
        if (report.Points.LastOrDefault(p => p.Policy == report.Best) is { } best)
            table.AddRow("Gold of the checkpoint handed on, deviations", "0", $"{Text(best.Gold)} at {best.Kl:0.0} nats", source);
        table.AddRow("Law of over-optimization: best KL, nats", "", report.Fit is { } fit ? Text(fit.BestKl) : Markup.Escape(report.Refused ?? "none was fitted"), source);
        if (report.QuadraticFit is { } quadratic) table.AddRow("  by best-of-n's law, closer before the peak", "", Text(quadratic.BestKl), source);
        if (report.Outlook is not { } outlook) return;
        const string prediction = "prediction of the law, decides nothing";
        table.AddRow("One more round, new reward model: gold gain, deviations", "", Text(outlook.OneMoreRound), prediction);
        table.AddRow("Training longer, same reward model: gold gain, deviations", "", Text(outlook.TrainingLonger), prediction);
        if (outlook.Assumptions.Count > 0) table.AddRow("  both assume that", "", Markup.Escape(string.Join("; ", outlook.Assumptions)), "");
    }

    static string Text(Estimate estimate) => $"{estimate.Value:0.00} [[{estimate.Lower:0.00}, {estimate.Upper:0.00}]]";
}
