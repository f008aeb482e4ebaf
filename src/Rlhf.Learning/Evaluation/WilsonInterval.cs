namespace Rlhf.Learning.Evaluation;

/// <summary>Wilson's score interval of a proportion (Wilson 1927).</summary>
public sealed record WilsonInterval(double Lower, double Upper)
{
    /// <summary>Two-sided interval for <paramref name="wins"/> (a tie may count a half) of <paramref name="trials"/> (at least 1) at a confidence between 0 and 1.</summary>
    public static WilsonInterval Of(double wins, int trials, double confidence)
    {
        if (trials < 1 || !(wins >= 0 && wins <= trials)) throw new ArgumentException($"{wins} of {trials} is no proportion; expected 0 ≤ wins ≤ trials and at least one trial.");
        var z = NormalQuantile((1 + confidence) / 2);
        var p = wins / trials;
        var center = p + z * z / (2 * trials);
        var half = z * Math.Sqrt(p * (1 - p) / trials + z * z / (4.0 * trials * trials));
        var scale = 1 + z * z / trials;
        return new((center - half) / scale, (center + half) / scale);
    }

    // Newton on the normal distribution function, from a start that is right to 5e-4 (Abramowitz and Stegun 26.2.23).
    static double NormalQuantile(double probability)
    {
        var t = Math.Sqrt(-2 * Math.Log(1 - probability));
        var x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
        for (var i = 0; i < 3; i++) x += (probability - NormalDistribution(x)) / (Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
        return x;
    }

    // Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/15 + …), exact to the last digits for |x| < 7.
    static double NormalDistribution(double x)
    {
        double sum = x, term = x;
        for (var n = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); n += 2) sum += term *= x * x / n;
        return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
    }
}
