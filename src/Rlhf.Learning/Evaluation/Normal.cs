namespace Rlhf.Learning.Evaluation;

/// <summary>The standard normal distribution.</summary>
static class Normal
{
    // Newton on the normal distribution function, from a start that is right to 5e-4 (Abramowitz and Stegun 26.2.23).
    public static double Quantile(double probability)
    {
        var t = Math.Sqrt(-2 * Math.Log(1 - probability));
        var x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
        for (var i = 0; i < 3; i++) x += (probability - Distribution(x)) / (Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
        return x;
    }

    // Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/15 + …), exact to the last digits for |x| < 7.
    public static double Distribution(double x)
    {
        double sum = x, term = x;
        for (var n = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); n += 2) sum += term *= x * x / n;
        return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
    }
}
