namespace Rlhf.Learning.Evaluation;

/// <summary>Wilson's score interval of a proportion (Wilson 1927).</summary>
public sealed record WilsonInterval(double Lower, double Upper)
{
    /// <summary>Two-sided interval for <paramref name="wins"/> (a tie may count a half) of <paramref name="trials"/> (at least 1) at a confidence between 0 and 1.</summary>
    public static WilsonInterval Of(double wins, int trials, double confidence)
    {
        if (trials < 1 || !(wins >= 0 && wins <= trials)) throw new ArgumentException($"{wins} of {trials} is no proportion; expected 0 ≤ wins ≤ trials and at least one trial.");
        var z = Normal.Quantile((1 + confidence) / 2);
        var p = wins / trials;
        var center = p + z * z / (2 * trials);
        var half = z * Math.Sqrt(p * (1 - p) / trials + z * z / (4.0 * trials * trials));
        var scale = 1 + z * z / trials;
        return new((center - half) / scale, (center + half) / scale);
    }
}
