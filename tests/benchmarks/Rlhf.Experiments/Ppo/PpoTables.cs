using static Rlhf.Experiments.Figures;

namespace Rlhf.Experiments.Ppo;

/// <summary>What the runs say: every checkpoint, the stop rule (proof 3).</summary>
static class PpoTables
{
    // Of each checkpoint: what a team can have judged while a training waits.
    static readonly int[] Judgements = [100, 200, 500];

    public static void Write(PpoSetting setting, IReadOnlyList<PpoRun> runs)
    {
        foreach (var run in runs) Checkpoints(run);
        List<(long, PpoCurve)> curves = [.. runs.Select(r => (r.Seed, new PpoCurve(r, 100)))];
        LawTables.WriteSeeds(setting, curves);
        LawTables.WriteMeans(setting, curves);
        foreach (var judgements in Judgements) Stops(judgements, [.. runs.Select(r => (r.Seed, new PpoCurve(r, judgements)))]);
    }

    static void Checkpoints(PpoRun run)
    {
        Console.WriteLine($"\nSeed {run.Seed}: accuracy of the reward model against gold {Text(run.RewardModelAccuracy)}, {run.Seconds:0} s");
        Head("update", "KL, nats", "proxy", "gold", "fresh gold", "gold by 100 judgements");
        foreach (var p in new PpoCurve(run, 100).Points)
            Row($"{p.Update}", Text(p.Kl, "0.00"), Text(p.Proxy.Value, "0.00"), With(p.Gold), With(p.Fresh), With(p.Judged));
    }

    static void Stops(int judgements, IReadOnlyList<(long Seed, PpoCurve Curve)> curves)
    {
        Console.WriteLine($"\nThe stop rule with {judgements} judgements of each checkpoint; gains are of fresh samples");
        Head("seed", "stopped at KL", "chosen: KL", "gain", "best by gold: KL", "gain", "last: KL", "gain", "chosen over best", "chosen less last");
        var (shares, lasts, gains) = (new List<double>(), new List<double>(), new List<(double Chosen, double Best)>());
        foreach (var (seed, curve) in curves)
        {
            var (chosen, stopped) = curve.Stop();
            var (best, last) = (curve.Peak, curve.Points[^1]);
            shares.Add(chosen.Fresh.Value / best.Fresh.Value);
            lasts.Add(chosen.Fresh.Value - last.Fresh.Value);
            gains.Add((chosen.Fresh.Value, best.Fresh.Value));
            Row(
                $"{seed}", Text(stopped.Kl, "0.0"), Text(chosen.Kl, "0.0"), With(chosen.Fresh), Text(best.Kl, "0.0"), With(best.Fresh), Text(last.Kl, "0.0"),
                With(last.Fresh), Text(shares[^1]), Text(lasts[^1], "0.00"));
        }
        // The interval of a ratio of means by its linear part (delta method): a seed on which there is little to gain weighs little.
        var (chosenMean, bestMean) = (gains.Average(g => g.Chosen), gains.Average(g => g.Best));
        var ratio = chosenMean / bestMean;
        Console.WriteLine(
            $"\nMeans over {curves.Count} seeds: chosen over best {Mean(shares)}; mean gain of the chosen {Text(chosenMean)} over that of the best {Text(bestMean)}: {Mean([.. gains.Select(g => ratio + (g.Chosen - ratio * g.Best) / bestMean)])}; chosen less last {Mean(lasts)}");
    }
}
