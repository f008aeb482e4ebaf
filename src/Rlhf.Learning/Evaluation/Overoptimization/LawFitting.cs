namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>
/// Weighted least squares of gold on (d, d²) or (d, d ln d), which is the regression of gold/d on d or ln d with weights d² (Gao, Schulman and Hilton
/// 2022). Uncertainty by the bootstrap: new gold drawn from the standard errors where all points have one, otherwise from the fit's own residuals.
/// </summary>
public static class LawFitting
{
    /// <summary>KL in nats below which a point carries no fit under RL: the law's slope is infinite at 0, and what is measured there is noise.</summary>
    public const double LeastKl = 0.05;

    // Where even the best KL's upper end is beyond this, the data do not say that gold ever falls.
    const double Endless = 1e6;

    /// <param name="law">Which law.</param>
    /// <param name="points">In any order; the start itself, KL 0, carries nothing and may be among them.</param>
    /// <param name="resamples">Of the bootstrap, at least 40.</param>
    /// <param name="seed">Of the bootstrap.</param>
    /// <returns>The fit, or a sentence that says why the points don't carry one.</returns>
    /// <exception cref="ArgumentException">A point is out of its range; the message names it.</exception>
    public static FitOutcome Fit(Law law, IReadOnlyList<GoldPoint> points, int resamples = 2000, ulong seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 40);
        foreach (var (index, point) in points.Index()) Check(index, point);
        var least = law == Law.Rl ? LeastKl : 0;
        List<GoldPoint> carrying = [.. points.Where(p => p.Kl > 0 && p.Kl >= least)];
        if (carrying.DistinctBy(p => p.Kl).Count() is var distinct && distinct < 3)
            return Refused($"{distinct} different KL of at least {least} nats carry no law of two numbers; expected three{(carrying.Count < points.Count ? $" ({points.Count - carrying.Count} of {points.Count} points are closer to the start)" : "")}");
        var mean = carrying.Average(p => p.Gold);
        var total = carrying.Sum(p => (p.Gold - mean) * (p.Gold - mean));
        if (!(total > 0)) return Refused("gold is the same at every point, so that there is nothing to explain");
        var design = new LawDesign(law, carrying);
        var curve = design.Fit();
        if (!double.IsFinite(curve.Alpha) || !double.IsFinite(curve.Beta)) return Refused("KL or gold is too large to be calculated with");
        return Verdict(curve, design.Resamples(curve, resamples, seed), carrying, 1 - design.Residuals(curve).Sum(r => r * r) / total);
    }

    static FitOutcome Verdict(LawCurve curve, List<LawCurve> resamples, List<GoldPoint> points, double r2)
    {
        var beta = Interval.OfResamples(curve.Beta, resamples.Select(c => c.Beta));
        if (!(beta.Lower > 0))
            return Refused($"β is {curve.Beta:0.000} with the interval {beta.Lower:0.000} to {beta.Upper:0.000}: that gold ever falls cannot be told yet");
        if (points.All(p => curve.At(p.Kl) <= 0)) return Refused($"the law (α {curve.Alpha:0.000}, β {curve.Beta:0.000}) is not above the start at any measured KL: there is no gain");
        var best = Interval.OfResamples(curve.BestKl, resamples.Select(c => c.BestKl));
        if (!(best.Upper < Endless)) return Refused($"the interval of the best KL goes from {best.Lower:0.0} nats beyond {Endless:0}: that gold ever falls cannot be told yet");
        var most = points.Max(p => p.Kl);
        return new(new(
            curve, Interval.OfResamples(curve.Alpha, resamples.Select(c => c.Alpha)), beta, best, Interval.OfResamples(curve.BestGain, resamples.Select(c => c.BestGain)), r2,
            points.Count, most, [.. Remarks(curve, most)])
        { Resamples = resamples }, null);
    }

    static IEnumerable<string> Remarks(LawCurve curve, double most)
    {
        if (curve.BestKl > most)
            yield return $"The best KL ({curve.BestKl:0.0} nats) is {(curve.BestKl > 4 * most ? "far " : "")}beyond the largest measured one ({most:0.0}): it is extrapolated.";
    }

    static FitOutcome Refused(string why) => new(null, $"No law was fitted: {why}.");

    static void Check(int index, GoldPoint point)
    {
        if (!(point.Kl >= 0 && double.IsFinite(point.Kl))) throw new ArgumentException($"The KL of point {index + 1} is {point.Kl}; expected a finite number of at least 0.");
        if (!double.IsFinite(point.Gold)) throw new ArgumentException($"The gold of point {index + 1} is {point.Gold}; expected a finite number.");
        if (point.StandardError is { } error && !(error > 0 && double.IsFinite(error))) throw new ArgumentException($"The standard error of point {index + 1} is {error}; expected above 0.");
        if (point.Weight is { } weight && !(weight > 0 && double.IsFinite(weight))) throw new ArgumentException($"The weight of point {index + 1} is {weight}; expected above 0.");
    }
}
