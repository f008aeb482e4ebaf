namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>
/// Gold from comparisons with the starting policy's completions: √2·Φ⁻¹(win rate), which is the difference of the means in standard deviations where both
/// sides' scores are Gaussian of the same variance (Thurstone 1927, case V), and 0 for a policy that is as good. It is in deviations of what a judgement
/// sees: the labelers' own noise is in the unit, and makes the figure smaller, never its sign another.
/// </summary>
public static class JudgedGain
{
    /// <summary>
    /// With the Wilson interval of the win rate, mapped. Rate and bounds are kept half a comparison away from 0 and 1, where the gain would be infinite: where
    /// all comparisons went one way the figure says at least (or at most) so much.
    /// </summary>
    /// <param name="wins">Comparisons won, a tie being a half.</param>
    /// <param name="comparisons">At least 1; independent of each other, so one for each prompt.</param>
    /// <exception cref="ArgumentException">The wins are not 0 to the comparisons, or there is none.</exception>
    public static Interval Of(double wins, int comparisons)
    {
        var interval = WilsonInterval.Of(wins, comparisons, 0.95);
        return new(Gain(wins / comparisons), Gain(interval.Lower), Gain(interval.Upper));

        double Gain(double rate) => Math.Sqrt(2) * Quantile(Math.Clamp(rate, 0.5 / comparisons, 1 - 0.5 / comparisons));
    }

    // The series behind the quantile starts above a half.
    static double Quantile(double probability) => probability < 0.5 ? -Normal.Quantile(1 - probability) : Normal.Quantile(probability);
}
