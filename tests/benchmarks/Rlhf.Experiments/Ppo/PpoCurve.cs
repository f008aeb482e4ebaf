using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Experiments.Ppo;

/// <summary>One checkpoint as the laws see it: above the starting policy, in its standard deviations.</summary>
/// <param name="Gold">By the samples that choose.</param>
/// <param name="Fresh">By samples that chose nothing.</param>
/// <param name="Judged">By judged comparisons, which is all that a monitor has.</param>
sealed record CurvePoint(int Update, double Kl, Interval Proxy, Interval Gold, Interval Fresh, Interval Judged);

/// <summary>A run's checkpoints behind the start; the last one is the last.</summary>
sealed class PpoCurve
{
    public PpoCurve(PpoRun run, int judgements)
    {
        var start = run.Points[0];
        var (proxy, gold) = (ScoreScale.Of(start.Proxy), ScoreScale.Of([.. start.Gold, .. start.Fresh]));
        Points = [.. run.Points.Skip(1).Select(p => new CurvePoint(
            p.Update, Math.Max(0, p.Kl), proxy.MeanOf(p.Proxy), gold.MeanOf(p.Gold), gold.MeanOf(p.Fresh),
            JudgedGain.Of([.. p.Judged.Take(judgements).Select(j => Math.Round(6 * j) - 3)])))];
    }

    public IReadOnlyList<CurvePoint> Points { get; }

    /// <summary>Those of the KL grid: the last one is another only if the KL went on to a new grid value.</summary>
    public IReadOnlyList<CurvePoint> OnGrid => [.. Points.SkipLast(1)];

    /// <summary>Best by gold.</summary>
    public CurvePoint Peak => Points.MaxBy(p => p.Gold.Value)!;

    public static List<GoldPoint> ToGold(IEnumerable<CurvePoint> points) => [.. points.Select(p => new GoldPoint(p.Kl, p.Gold.Value, p.Gold.StandardError))];

    /// <summary>Fresh gold at a KL; the last checkpoint's beyond all.</summary>
    public double FreshAt(double kl) => At(kl, p => p.Fresh.Value) ?? OnGrid.MaxBy(p => p.Kl)!.Fresh.Value;

    /// <summary>A figure at a KL, between the checkpoints on a line over √KL from 0 at the start; null beyond all.</summary>
    public double? At(double kl, Func<CurvePoint, double> figure)
    {
        var (lower, before) = (0.0, 0.0);
        foreach (var point in OnGrid.OrderBy(p => p.Kl))
        {
            if (point.Kl >= kl) return before + (figure(point) - before) * (Math.Sqrt(kl) - Math.Sqrt(lower)) / (Math.Sqrt(point.Kl) - Math.Sqrt(lower));
            (lower, before) = (point.Kl, figure(point));
        }
        return null;
    }

    /// <summary>The stop rule after each checkpoint in turn, until it stops; the checkpoint that it chose and the one after which it stopped.</summary>
    public (CurvePoint Chosen, CurvePoint Stopped) Stop()
    {
        for (var count = 1; ; count++)
        {
            List<CurvePoint> seen = [.. Points.Take(count)];
            var decision = StopRule.Decide([.. seen.Select(p => new CheckpointPoint(p.Kl, p.Proxy, p.Judged))]);
            if (decision.Stop || count == Points.Count) return (seen[decision.Best], seen[^1]);
        }
    }
}
