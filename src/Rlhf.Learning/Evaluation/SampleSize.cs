namespace Rlhf.Learning.Evaluation;

/// <summary>How many decisive comparisons a test of fixed size needs.</summary>
public static class SampleSize
{
    /// <summary>One-sided, against a rate of a half: ((z_α·½ + z_β·√(p(1−p))) / (p − ½))², rounded up.</summary>
    /// <param name="rate">The rate that is to be found, above a half and below 1.</param>
    /// <param name="alpha">Chance to find one that is not there.</param>
    /// <param name="power">Chance to find it.</param>
    /// <exception cref="ArgumentException">A figure is out of its range.</exception>
    public static int OneSided(double rate, double alpha, double power)
    {
        if (!(rate > 0.5 && rate < 1)) throw new ArgumentException($"The rate is {rate}; expected above 0.5 and below 1.");
        if (!(alpha > 0 && alpha < 0.5 && power >= 0.5 && power < 1)) throw new ArgumentException($"Alpha {alpha} and power {power}; expected 0 < alpha < 0.5 ≤ power < 1.");
        var root = (Normal.Quantile(1 - alpha) * 0.5 + Normal.Quantile(power) * Math.Sqrt(rate * (1 - rate))) / (rate - 0.5);
        return (int)Math.Ceiling(root * root);
    }
}
