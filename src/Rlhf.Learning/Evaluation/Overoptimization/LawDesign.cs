using Rlhf.Learning.Randomness;

namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>The linear regression behind a fit: gold = α·d − β·f(d), without intercept, since the start is at 0.</summary>
sealed class LawDesign
{
    readonly Law _law;
    readonly double[] _distance, _falling, _gold, _weight;
    readonly double[]? _errors;

    public LawDesign(Law law, IReadOnlyList<GoldPoint> points)
    {
        _law = law;
        _distance = [.. points.Select(p => Math.Sqrt(p.Kl))];
        _falling = [.. _distance.Select(d => LawCurve.Falling(law, d))];
        _gold = [.. points.Select(p => p.Gold)];
        _errors = points.All(p => p.StandardError is not null) ? [.. points.Select(p => p.StandardError!.Value)] : null;
        double[] weights = [.. points.Select((p, i) => p.Weight ?? (_errors is null ? 1 : 1 / (_errors[i] * _errors[i])))];
        _weight = [.. weights.Select(w => w / weights.Max())];
    }

    int Count => _gold.Length;

    public LawCurve Fit() => Fit(_gold);

    /// <summary>Measured less fitted gold, of every point.</summary>
    public double[] Residuals(LawCurve curve) => [.. Enumerable.Range(0, Count).Select(i => _gold[i] - At(curve, i))];

    /// <summary>The law fitted to new gold of the same points.</summary>
    public List<LawCurve> Resamples(LawCurve curve, int count, ulong seed)
    {
        var residuals = Spread(curve);
        return [.. Enumerable.Range(0, count).Select(r => Fit([.. Enumerable.Range(0, Count).Select(i => _errors is { } errors
            ? _gold[i] + errors[i] * CounterRandom.Normal(seed, 0, (uint)r, (uint)i)
            : At(curve, i) + residuals[(int)(CounterRandom.Uniform(seed, 0, (uint)r, (uint)i) * Count)] / Math.Sqrt(_weight[i]))]))];
    }

    // Residuals of weight 1, centered, and as wide as n − 2 degrees of freedom say.
    double[] Spread(LawCurve curve)
    {
        double[] weighted = [.. Residuals(curve).Select((r, i) => r * Math.Sqrt(_weight[i]))];
        var mean = weighted.Average();
        return [.. weighted.Select(r => (r - mean) * Math.Sqrt((double)Count / (Count - 2)))];
    }

    double At(LawCurve curve, int i) => curve.Alpha * _distance[i] - curve.Beta * _falling[i];

    LawCurve Fit(double[] gold)
    {
        var (dd, df, ff, dg, fg) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < Count; i++)
        {
            dd += _weight[i] * _distance[i] * _distance[i];
            df += _weight[i] * _distance[i] * _falling[i];
            ff += _weight[i] * _falling[i] * _falling[i];
            dg += _weight[i] * _distance[i] * gold[i];
            fg += _weight[i] * _falling[i] * gold[i];
        }
        var determinant = dd * ff - df * df;
        return new(_law, (ff * dg - df * fg) / determinant, (df * dg - dd * fg) / determinant);
    }
}
