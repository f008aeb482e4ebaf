using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;
using Rlhf.Steps.Data;

namespace Rlhf.Reports.Rounds;

/// <summary>Gold and proxy against √KL, with the fitted laws and the places that matter.</summary>
public static class OveroptimizationPlot
{
    const int CurvePoints = 120;

    public static Figure Of(OveroptimizationReport report)
    {
        var gold = report.Points.Concat(report.BestOfN).Any(p => p.Simulated) ? "gold (simulated)" : "gold";
        var plot = new Plot("√KL to the starting policy (√nats)", "Score (deviations of the starting policy's)").FromZero();
        var csv = new Csv("series", "policy", "update_or_n", "kl", "sqrt_kl", "proxy", "proxy_lower", "proxy_upper", "gold", "gold_lower", "gold_upper", "samples", "judged", "simulated");
        var furthest = Math.Sqrt(report.Points.Concat(report.BestOfN).Select(p => p.Kl).DefaultIfEmpty(1).Max());
        Add("PPO", report.Points);
        Law("law fitted to gold, PPO", report.Points, report.Fit);
        Law("law of best of n, PPO", report.Points, report.QuadraticFit);
        Add("best of n", report.BestOfN);
        Law("law fitted to gold, best of n", report.BestOfN, report.BestOfNFit);
        if (report.Fit is { } fit && Math.Sqrt(fit.BestKl.Value) <= 1.5 * furthest) plot.Mark(Math.Sqrt(fit.BestKl.Value), "predicted best");
        if (report.PartsAt is { } parts) plot.Mark(Math.Sqrt(parts), "proxy and gold part");
        if (report.Points.LastOrDefault(p => p.Policy == report.Best) is { } best) plot.Mark(Math.Sqrt(best.Kl), "handed on");
        var said = report.Fit is { } law ? $" The law under RL is highest at {Readable.Number(law.BestKl.Value)} nats [{Readable.Number(law.BestKl.Lower)}, {Readable.Number(law.BestKl.Upper)}]." : "";
        return new("overoptimization", $"Proxy and {gold} against √KL", $"Proxy and {gold} with 95 % intervals{((report.Fit ?? report.QuadraticFit ?? report.BestOfNFit) is null ? "" : ", and the laws fitted to gold")}; zero is the starting policy.{said}", plot.ToSvg(), csv.ToString());

        void Add(string name, IReadOnlyList<OveroptimizationPoint> points)
        {
            if (points.Count == 0) return;
            var ordered = points.OrderBy(p => p.Kl).ToList();
            plot.Line($"proxy, {name}", [new(0, 0), .. ordered.Select(p => At(p, p.Proxy))]).Line($"{gold}, {name}", [new(0, 0), .. ordered.Select(p => At(p, p.Gold))]);
            foreach (var p in points)
                csv.Add(name, $"{p.Policy}", p.Update, p.Kl, Math.Sqrt(p.Kl), p.Proxy.Value, p.Proxy.Lower, p.Proxy.Upper, p.Gold.Value, p.Gold.Lower, p.Gold.Upper, p.Samples, p.Judged, p.Simulated ? "true" : "false");
        }

        void Law(string name, IReadOnlyList<OveroptimizationPoint> points, LawFit? law)
        {
            if (law is not null && points.Count > 0)
                plot.Curve(name, [.. Enumerable.Range(0, CurvePoints + 1).Select(i => furthest * 1.05 * i / CurvePoints).Select(d => new PlotPoint(d, Value(law, d)))]);
        }
    }

    static PlotPoint At(OveroptimizationPoint point, Estimate estimate) => new(Math.Sqrt(point.Kl), estimate.Value, estimate.Lower, estimate.Upper);

    /// <summary>The law's gold at d = √KL; 0 at 0.</summary>
    static double Value(LawFit law, double d) => d == 0 ? 0
        : law.Law == OveroptimizationLaw.Rl ? d * (law.Alpha.Value - law.Beta.Value * Math.Log(d)) : d * (law.Alpha.Value - law.Beta.Value * d);
}
