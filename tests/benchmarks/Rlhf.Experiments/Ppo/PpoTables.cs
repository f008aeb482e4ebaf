using Rlhf.Learning.Evaluation.Overoptimization;
using static Rlhf.Experiments.Figures;

namespace Rlhf.Experiments.Ppo;

/// <summary>What the runs say: every checkpoint, the law (proof 2), the stop rule (proof 3).</summary>
static class PpoTables
{
    // Of each checkpoint: what a team can have judged while a training waits.
    static readonly int[] Judgements = [100, 200, 500];

    public static void Write(PpoSetting setting, IReadOnlyList<PpoRun> runs)
    {
        foreach (var run in runs) Checkpoints(run);
        Law(setting, [.. runs.Select(r => (r.Seed, new PpoCurve(r, 100)))]);
        foreach (var group in runs.Chunk(5).Append([.. runs]).DistinctBy(g => (g[0].Seed, g.Length))) Means(setting, group);
        foreach (var judgements in Judgements) Stops(judgements, [.. runs.Select(r => (r.Seed, new PpoCurve(r, judgements)))]);
    }

    static void Checkpoints(PpoRun run)
    {
        Console.WriteLine($"\nSeed {run.Seed}: accuracy of the reward model against gold {Text(run.RewardModelAccuracy)}, {run.Seconds:0} s");
        Head("update", "KL, nats", "proxy", "gold", "fresh gold", "gold by 100 judgements");
        foreach (var p in new PpoCurve(run, 100).Points)
            Row($"{p.Update}", Text(p.Kl, "0.00"), Text(p.Proxy.Value, "0.00"), With(p.Gold), With(p.Fresh), With(p.Judged));
    }

    static string With(Interval figure) => $"{Text(figure.Value, "0.00")} [{Text(figure.Lower, "0.00")}, {Text(figure.Upper, "0.00")}]";

    static void Law(PpoSetting setting, IReadOnlyList<(long Seed, PpoCurve Curve)> curves)
    {
        Head("seed", "peak: KL", "gold there", "gold at the largest KL", "proxy at the peak, at the largest KL", "R² of the law", "at the grid's own KL", "while gold is above the start", "α", "β", "its best KL", "points to 40 % of the peak's KL", "KL predicted from them", "over the peak's KL", "gain there over the peak's (fresh)",
            "KL where the lower bound of that law is highest", "gain there over the peak's", "gain of the last of those points over the peak's");
        foreach (var (seed, curve) in curves)
        {
            var (peak, far) = (curve.OnGrid.MaxBy(p => p.Gold.Value)!, curve.OnGrid.MaxBy(p => p.Kl)!);
            var whole = LawFitting.Fit(Learning.Evaluation.Overoptimization.Law.Rl, PpoCurve.ToGold(curve.OnGrid));
            var even = LawFitting.Fit(Learning.Evaluation.Overoptimization.Law.Rl, [.. MeanCurve.Of(setting.Grid, [curve]).Select(p => p.ToGold())]);
            var above = LawFitting.Fit(Learning.Evaluation.Overoptimization.Law.Rl, PpoCurve.ToGold(curve.OnGrid.TakeWhile(p => p.Gold.Value > 0)));
            List<CurvePoint> early = [.. curve.OnGrid.Where(p => p.Kl <= 0.4 * peak.Kl)];
            var predicted = LawFitting.Fit(Learning.Evaluation.Overoptimization.Law.Rl, PpoCurve.ToGold(early));
            Row(
                $"{seed}", Text(peak.Kl, "0.0"), With(peak.Gold), With(far.Gold), $"{Text(peak.Proxy.Value, "0.00")}, {Text(far.Proxy.Value, "0.00")}",
                whole.Fit is { } fit ? Text(fit.R2) : whole.Refused!, even.Fit is { } own ? Text(own.R2) : even.Refused!,
                above.Fit is { } part ? Text(part.R2) : above.Refused!, whole.Fit is null ? "" : With(whole.Fit.Alpha), whole.Fit is null ? "" : With(whole.Fit.Beta), whole.Fit is null ? "" : With(whole.Fit.BestKl),
                $"{early.Count}", predicted.Fit is { } p ? With(p.BestKl) : predicted.Refused!, predicted.Fit is null ? "" : With(Over(predicted.Fit.BestKl, peak.Kl)),
                predicted.Fit is null ? "" : Text(curve.FreshAt(predicted.Fit.BestKl.Value) / peak.Fresh.Value),
                predicted.Fit is null ? "" : Text(Cautious(setting, predicted.Fit), "0.0"), predicted.Fit is null ? "" : Text(curve.FreshAt(Cautious(setting, predicted.Fit)) / peak.Fresh.Value),
                early.Count == 0 ? "" : Text(early[^1].Fresh.Value / peak.Fresh.Value));
        }
    }

    /// <summary>The law's highest point is the exponential of α/β, and far off where these are uncertain; its lower bound is highest earlier.</summary>
    static double Cautious(PpoSetting setting, FittedLaw fit) => setting.Grid.MaxBy(kl => fit.At(kl).Lower);

    static void Means(PpoSetting setting, IReadOnlyList<PpoRun> runs)
    {
        Console.WriteLine($"\nMeans over seeds {string.Join(", ", runs.Select(r => r.Seed))}, as far as all of them went; in brackets Student's intervals over seeds");
        var points = MeanCurve.Of(setting.Grid, [.. runs.Select(r => new PpoCurve(r, 100))]);
        Head("KL, nats", "gold", "proxy");
        foreach (var point in points) Row(Text(point.Kl, "0.00"), Mean(point.Gold, "0.00"), Mean(point.Proxy, "0.00"));
        Console.WriteLine();
        Console.WriteLine($"All: {Of(points)}");
        Console.WriteLine($"From 1 nat on: {Of([.. points.Where(p => p.Kl >= 1)])}");
        if (points.Count > 0) Console.WriteLine($"Up to 40 % of the peak's KL: {Of([.. points.Where(p => p.Kl <= 0.4 * points.MaxBy(p => p.Gold.Average())!.Kl)])}");

        static string Of(List<MeanPoint> some)
        {
            var outcome = LawFitting.Fit(Learning.Evaluation.Overoptimization.Law.Rl, [.. some.Select(p => p.ToGold())]);
            return outcome.Fit is { } fit
                ? $"R² {Text(fit.R2)}, α {With(fit.Alpha)}, β {With(fit.Beta)}, best KL {With(fit.BestKl)}, best gain {With(fit.BestGain)}, {fit.Points} points" : outcome.Refused!;
        }
    }

    static Interval Over(Interval figure, double by) => new(figure.Value / by, figure.Lower / by, figure.Upper / by);

    static void Stops(int judgements, IReadOnlyList<(long Seed, PpoCurve Curve)> curves)
    {
        Console.WriteLine($"\nThe stop rule with {judgements} judgements of each checkpoint; gains are of fresh samples");
        Head("seed", "stopped at KL", "chosen: KL", "gain", "best by the estimate alone: gain", "best by gold: KL", "gain", "last: KL", "gain", "chosen over best", "chosen less last");
        var (shares, lasts, estimates) = (new List<double>(), new List<double>(), new List<double>());
        foreach (var (seed, curve) in curves)
        {
            var (chosen, stopped, byEstimate) = curve.Stop();
            var (best, last) = (curve.Peak, curve.Points[^1]);
            shares.Add(chosen.Fresh.Value / best.Fresh.Value);
            estimates.Add(byEstimate.Fresh.Value / best.Fresh.Value);
            lasts.Add(chosen.Fresh.Value - last.Fresh.Value);
            Row(
                $"{seed}", Text(stopped.Kl, "0.0"), Text(chosen.Kl, "0.0"), With(chosen.Fresh), Text(byEstimate.Fresh.Value, "0.00"), Text(best.Kl, "0.0"), With(best.Fresh), Text(last.Kl, "0.0"),
                With(last.Fresh), Text(shares[^1]), Text(lasts[^1], "0.00"));
        }
        Console.WriteLine($"\nMeans over {curves.Count} seeds: chosen over best {Mean(shares)}; the best by the estimate alone over best {Mean(estimates)}; chosen less last {Mean(lasts)}");
    }
}
