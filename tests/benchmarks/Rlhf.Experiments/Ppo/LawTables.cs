using Rlhf.Learning.Evaluation.Overoptimization;
using static Rlhf.Experiments.Figures;

namespace Rlhf.Experiments.Ppo;

/// <summary>What the runs say of the law (proof 2): of each seed, and of the means over seeds.</summary>
static class LawTables
{
    // What a prediction may see, of the peak's KL.
    const double Early = 0.4;

    static readonly string[] Columns =
    [
        "seed", "peak: KL", "gold there", "gold at the largest KL", "proxy at the peak, at the largest KL", "R² of the law", "at the grid's own KL", "while gold is above the start", "α", "β", "its best KL",
        "points to 40 % of the peak's KL", "KL predicted from them", "over the peak's KL", "gain there over the peak's (fresh)",
        "KL where the lower bound of that law is highest", "gain there over the peak's",
        "KL predicted from them by best-of-n's law", "over the peak's KL", "gain there over the peak's", "gain of the last of those points over the peak's",
    ];

    public static void WriteSeeds(PpoSetting setting, IReadOnlyList<(long Seed, PpoCurve Curve)> curves)
    {
        Head(Columns);
        foreach (var (seed, curve) in curves)
        {
            var (peak, far) = (curve.OnGrid.MaxBy(p => p.Gold.Value)!, curve.OnGrid.MaxBy(p => p.Kl)!);
            Row([
                $"{seed}", Text(peak.Kl, "0.0"), With(peak.Gold), With(far.Gold), $"{Text(peak.Proxy.Value, "0.00")}, {Text(far.Proxy.Value, "0.00")}",
                .. Whole(setting, curve), .. Predicted(setting, curve, peak)]);
        }
    }

    /// <summary>The mean over every five seeds, and over all.</summary>
    public static void WriteMeans(PpoSetting setting, IReadOnlyList<(long Seed, PpoCurve Curve)> curves)
    {
        foreach (var group in curves.Chunk(5)) Means(setting, group);
        if (curves.Count > 5) Means(setting, curves);
    }

    static IEnumerable<string> Whole(PpoSetting setting, PpoCurve curve)
    {
        var whole = Fit(PpoCurve.ToGold(curve.OnGrid));
        string[] parameters = whole.Fit is { } fit ? [With(fit.Alpha), With(fit.Beta), With(fit.BestKl)] : ["", "", ""];
        return [R2(whole), R2(Fit(ToGold(MeanCurve.Of(setting.Grid, [curve])))), R2(Fit(PpoCurve.ToGold(curve.OnGrid.TakeWhile(p => p.Gold.Value > 0)))), .. parameters];
    }

    /// <summary>
    /// The law's highest point is the exponential of α/β, and far off where these are uncertain; its lower bound is highest earlier. Best-of-n's law is no law of RL, but its highest
    /// point is α/β itself, and so moves less.
    /// </summary>
    static IEnumerable<string> Predicted(PpoSetting setting, PpoCurve curve, CurvePoint peak)
    {
        List<CurvePoint> early = [.. curve.OnGrid.Where(p => p.Kl <= Early * peak.Kl)];
        var points = PpoCurve.ToGold(early);
        var (law, other) = (Fit(points), LawFitting.Fit(Law.BestOfN, points));
        string[] cautious = law.Fit is { } fit && setting.Grid.MaxBy(kl => fit.At(kl).Lower) is var kl ? [Text(kl, "0.0"), Share(curve.FreshAt(kl))] : ["", ""];
        return [$"{early.Count}", .. Best(law), .. cautious, .. Best(other), early.Count == 0 ? "" : Share(early[^1].Fresh.Value)];

        string[] Best(FitOutcome outcome) => outcome.Fit is { BestKl: var best }
            ? [With(best), With(new(best.Value / peak.Kl, best.Lower / peak.Kl, best.Upper / peak.Kl)), Share(curve.FreshAt(best.Value))] : [outcome.Refused!, "", ""];

        string Share(double gain) => Text(gain / peak.Fresh.Value);
    }

    static void Means(PpoSetting setting, IReadOnlyList<(long Seed, PpoCurve Curve)> curves)
    {
        Console.WriteLine($"\nMeans over seeds {string.Join(", ", curves.Select(c => c.Seed))}, as far as all of them went; in brackets Student's intervals over seeds");
        var points = MeanCurve.Of(setting.Grid, [.. curves.Select(c => c.Curve)]);
        Head("KL, nats", "gold", "proxy");
        foreach (var point in points) Row(Text(point.Kl, "0.00"), Mean(point.Gold, "0.00"), Mean(point.Proxy, "0.00"));
        Console.WriteLine($"\nAll: {Sentence(points)}\nFrom 1 nat on: {Sentence(points.Where(p => p.Kl >= 1))}");
        if (points.MaxBy(p => p.Gold.Average()) is not { } peak) return;
        List<MeanPoint> early = [.. points.Where(p => p.Kl <= Early * peak.Kl)];
        Console.WriteLine($"Up to {Early:0 %} of the peak's {peak.Kl:0.0} nats: {Sentence(early)}\nBy best-of-n's law: {Sentence(early, Law.BestOfN)}");
    }

    static string Sentence(IEnumerable<MeanPoint> points, Law law = Law.Rl)
    {
        var outcome = LawFitting.Fit(law, ToGold(points));
        return outcome.Fit is { } fit
            ? $"R² {Text(fit.R2)}, α {With(fit.Alpha)}, β {With(fit.Beta)}, best KL {With(fit.BestKl)}, best gain {With(fit.BestGain)}, {fit.Points} points" : outcome.Refused!;
    }

    static FitOutcome Fit(List<GoldPoint> points) => LawFitting.Fit(Law.Rl, points);

    static List<GoldPoint> ToGold(IEnumerable<MeanPoint> points) => [.. points.Select(p => p.ToGold())];

    static string R2(FitOutcome outcome) => outcome.Fit is { } fit ? Text(fit.R2) : outcome.Refused!;
}
