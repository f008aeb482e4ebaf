namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>A figure with its 95 % interval.</summary>
public sealed record Interval(double Value, double Lower, double Upper)
{
    /// <summary>Two-sided normal quantile of 95 %.</summary>
    internal static readonly double Z = Normal.Quantile(0.975);

    /// <summary>What a normal interval of this width comes from.</summary>
    public double StandardError => (Upper - Lower) / (2 * Z);

    /// <summary>Mean of independent numbers with its normal interval; of one number alone that number, thrice.</summary>
    /// <exception cref="ArgumentException">There is none, or one is not finite.</exception>
    public static Interval OfMean(IReadOnlyList<double> x)
    {
        if (x.Count == 0) throw new ArgumentException("There is nothing to take the mean of; expected at least one number.");
        for (var i = 0; i < x.Count; i++)
        {
            if (!double.IsFinite(x[i])) throw new ArgumentException($"Number {i} is {x[i]}; expected a finite one.");
        }
        var mean = x.Average();
        if (x.Count == 1) return new(mean, mean, mean);
        var half = Z * Math.Sqrt(x.Sum(v => (v - mean) * (v - mean)) / (x.Count - 1) / x.Count);
        return new(mean, mean - half, mean + half);
    }

    /// <summary>A figure with the percentile interval of its resamples, which are at least 40.</summary>
    internal static Interval OfResamples(double value, IEnumerable<double> resamples)
    {
        var sorted = resamples.Order().ToList();
        var beyond = sorted.Count / 40;
        return new(value, Math.Min(value, sorted[beyond]), Math.Max(value, sorted[^(beyond + 1)]));
    }
}
