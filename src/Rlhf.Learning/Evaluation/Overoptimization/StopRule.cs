namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>What a monitor has measured of one checkpoint. Proxy and gold are above the starting policy's mean, in its standard deviations.</summary>
/// <param name="Kl">To the reference policy, in nats, at least 0.</param>
public sealed record CheckpointPoint(double Kl, Interval Proxy, Interval Gold);

/// <summary>What the stop rule says after the last of some checkpoints.</summary>
/// <param name="Best">Index of the checkpoint that is best by gold, smoothed over its neighbors.</param>
/// <param name="Law">The law under RL.</param>
/// <param name="Quadratic">Best-of-n's law on the same points. It is no law of RL, but its best KL is (α/2β)², where that of RL is an exponential of α/β: from a few checkpoints before the
/// peak it is the closer guess of where gold will be highest (tests/RESULTS.md, proof 2).</param>
/// <param name="PartsAt">KL, in nats, from which on proxy still rises while the law of gold falls; null where they do not part, or no law was fitted.</param>
/// <param name="Reached">The sentence that the last checkpoint is beyond the interval of the predicted best KL; null where it is not.</param>
/// <param name="Fell">The sentence that gold has fallen; null where it has not.</param>
public sealed record StopDecision(int Best, FitOutcome Law, FitOutcome Quadratic, double? PartsAt, string? Reached, string? Fell)
{
    public bool Stop => Reached is not null || Fell is not null;

    /// <summary>A sentence each: why it stops, and why no law was fitted.</summary>
    public IReadOnlyList<string> Reasons => [.. new[] { Reached, Fell, Law.Refused }.OfType<string>()];
}

/// <summary>Ends a training before it does harm. A function of the points alone.</summary>
public static class StopRule
{
    /// <summary>Bandwidth of the smoothing, in √nats.</summary>
    const double Bandwidth = 0.5;

    /// <summary>
    /// Stops where the last checkpoint is beyond the upper end of the KL that the fitted law predicts to be best, or where its gold is below the best so far by more than the noise of
    /// both. Gold is smoothed over √KL for this, by a Gaussian kernel: among many checkpoints one is high, and one low, by chance, and neighbors differ little. The best one is so, too.
    /// </summary>
    /// <remarks>
    /// The prediction of a law that was fitted to a few checkpoints may be off by a factor of many (tests/RESULTS.md, proof 2), so its interval decides when to stop, and never which
    /// checkpoint is handed on.
    /// </remarks>
    /// <param name="points">At least one, in the order of the training.</param>
    /// <param name="resamples">Of the fit's bootstrap.</param>
    /// <param name="seed">Of the fit's bootstrap.</param>
    /// <exception cref="ArgumentException">There is no point, or one is out of its range.</exception>
    public static StopDecision Decide(IReadOnlyList<CheckpointPoint> points, int resamples = 2000, ulong seed = 1)
    {
        if (points.Count == 0) throw new ArgumentException("There is no checkpoint to decide by; expected at least one.");
        var gold = GoldOf(points);
        var (law, quadratic) = (LawFitting.Fit(Law.Rl, gold, resamples, seed), LawFitting.Fit(Law.BestOfN, gold, resamples, seed));
        List<Interval> smooth = [.. points.Select(p => Smooth(points, p.Kl))];
        var (last, best) = (points[^1], Enumerable.Range(0, points.Count).MaxBy(i => smooth[i].Value));
        var rise = smooth[^1].Value - smooth[best].Value + Interval.Z * Math.Sqrt(Math.Pow(smooth[^1].StandardError, 2) + Math.Pow(smooth[best].StandardError, 2));
        var reached = law.Fit is { } fit && last.Kl >= fit.BestKl.Upper
            ? $"The KL of the last checkpoint, {last.Kl:0.0} nats, is beyond {fit.BestKl.Value:0.0} ({fit.BestKl.Lower:0.0} to {fit.BestKl.Upper:0.0}), where the fitted law is highest." : null;
        var fell = rise < 0
            ? $"The last checkpoint's gold, {smooth[^1].Value:0.00} deviations with its neighbors, is below the best so far, {smooth[best].Value:0.00} at {points[best].Kl:0.0} nats, by {-rise:0.00} at least." : null;
        return new(best, law, quadratic, PartsAt(points, law.Fit), reached, fell);
    }

    /// <summary>Mean gold around a KL, weighted by the kernel and by how sure each estimate is.</summary>
    static Interval Smooth(IReadOnlyList<CheckpointPoint> points, double kl)
    {
        var known = points.All(p => p.Gold.StandardError > 0);
        double[] weights = [.. points.Select(p => Math.Exp(-Math.Pow((Math.Sqrt(p.Kl) - Math.Sqrt(kl)) / Bandwidth, 2) / 2) / (known ? Math.Pow(p.Gold.StandardError, 2) : 1))];
        var (sum, value) = (weights.Sum(), weights.Zip(points, (w, p) => w * p.Gold.Value).Sum());
        var error = Math.Sqrt(weights.Zip(points, (w, p) => Math.Pow(w * p.Gold.StandardError, 2)).Sum()) / sum;
        return new(value / sum, value / sum - Interval.Z * error, value / sum + Interval.Z * error);
    }

    /// <summary>The law's highest point, where the proxy is higher at some checkpoint beyond it than at all before.</summary>
    static double? PartsAt(IReadOnlyList<CheckpointPoint> points, FittedLaw? fit)
    {
        if (fit is null) return null;
        var beyond = points.Where(p => p.Kl > fit.Curve.BestKl).ToList();
        return beyond.Count > 0 && beyond.Max(p => p.Proxy.Value) > points.Except(beyond).Select(p => p.Proxy.Value).DefaultIfEmpty(0).Max() ? fit.Curve.BestKl : null;
    }

    /// <summary>Points for the fit; where an interval has no width, none of them has a standard error.</summary>
    static List<GoldPoint> GoldOf(IReadOnlyList<CheckpointPoint> points)
    {
        var known = points.All(p => p.Gold.StandardError > 0);
        return [.. points.Select(p => new GoldPoint(p.Kl, p.Gold.Value, known ? p.Gold.StandardError : null))];
    }
}
