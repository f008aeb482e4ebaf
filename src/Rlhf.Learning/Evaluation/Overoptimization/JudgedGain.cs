namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>
/// Gold from comparisons with the starting policy's completions: √2·μ, where what a judgement sees of a pair is Gaussian with mean μ and deviation 1. That is the difference of the means
/// in standard deviations where both sides' scores are Gaussian of the same variance (Thurstone 1927, case V), and 0 for a policy that is as good. It is in deviations of what a
/// judgement sees: the labelers' own noise is in the unit, and makes the figure smaller, never its sign another.
/// </summary>
/// <remarks>
/// How much better a side is called says more than that it is better: a cumulative probit whose thresholds are the same for both sides (Agresti 1992, "Analysis of ordinal paired comparison
/// data"; with ties alone Glenn and David 1960; with neither √2·Φ⁻¹(win rate)).
/// </remarks>
public static class JudgedGain
{
    /// <summary>A word that labelers use, for either side: "slightly better", "much better".</summary>
    /// <param name="Below">Share of all comparisons with a weaker word, or none.</param>
    readonly record struct Level(double Below, int Won, int Lost);

    /// <summary>
    /// The maximum of the likelihood with its interval by the likelihood ratio. Both are kept from infinity, where all comparisons went one way: to what a win rate half a comparison away
    /// from 0 and 1 would say, with one comparison more.
    /// </summary>
    /// <param name="strengths">Of independent comparisons, so one for each prompt: above 0 where the policy is better, 0 for a tie. Only the order of their sizes counts; the thresholds
    /// between them follow from how often each is used.</param>
    /// <exception cref="ArgumentException">There is none, or one is not finite.</exception>
    public static Interval Of(IReadOnlyList<double> strengths)
    {
        if (strengths.Count == 0) throw new ArgumentException("There is no comparison to measure a gain by; expected at least one.");
        if (strengths.Any(s => !double.IsFinite(s))) throw new ArgumentException($"A strength is {strengths.First(s => !double.IsFinite(s))}; expected a finite one.");
        var levels = LevelsOf(strengths);
        var most = Normal.Quantile(1 - 0.5 / (strengths.Count + 1));
        if (levels.Count == 0) return new(0, -Math.Sqrt(2) * most, Math.Sqrt(2) * most); // ties alone say nothing of how wide a tie is
        var best = Highest(levels, most);
        var least = LogLikelihood(levels, best) - Interval.Z * Interval.Z / 2;
        return new(Math.Sqrt(2) * best, Math.Sqrt(2) * Bound(-most), Math.Sqrt(2) * Bound(most));

        // Where the likelihood crosses the least one, between the best and an end.
        double Bound(double outside)
        {
            if (LogLikelihood(levels, outside) >= least) return outside;
            var inside = best;
            for (var i = 0; i < 50; i++)
            {
                var middle = (inside + outside) / 2;
                if (LogLikelihood(levels, middle) >= least) inside = middle;
                else outside = middle;
            }
            return inside;
        }
    }

    /// <summary>All words but the tie, the weakest first.</summary>
    static List<Level> LevelsOf(IReadOnlyList<double> strengths) =>
        [.. strengths.Where(s => s != 0).GroupBy(Math.Abs).OrderBy(g => g.Key).Select(g => new Level(
            (double)strengths.Count(s => Math.Abs(s) < g.Key) / strengths.Count, g.Count(s => s > 0), g.Count(s => s < 0)))];

    /// <summary>Of the sides that were better, given how often each word was used.</summary>
    static double LogLikelihood(List<Level> levels, double mean)
    {
        double sum = 0, upper = double.PositiveInfinity;
        foreach (var level in Enumerable.Reverse(levels))
        {
            var lower = Threshold(level.Below, mean);
            sum += level.Won * Math.Log(Between(lower - mean, upper - mean)) + level.Lost * Math.Log(Between(lower + mean, upper + mean));
            upper = lower;
        }
        return sum;
    }

    /// <summary>What is seen of a pair is smaller than this, whichever side it favors, in that share of the pairs.</summary>
    static double Threshold(double share, double mean)
    {
        if (share == 0) return 0;
        var (low, high) = (0.0, Math.Abs(mean) + 8);
        for (var i = 0; i < 50; i++)
        {
            var middle = (low + high) / 2;
            if (Between(-middle - mean, middle - mean) < share) low = middle;
            else high = middle;
        }
        return (low + high) / 2;
    }

    // From the side where the tail is small; never 0, whose logarithm is none.
    static double Between(double lower, double upper) =>
        Math.Max(lower > 0 ? Below(-lower) - Below(-upper) : Below(upper) - Below(lower), 1e-300);

    // The series is exact for |x| < 7.
    static double Below(double x) => x < -7 ? 0 : x > 7 ? 1 : Normal.Distribution(x);

    /// <summary>Golden-section search, to 1e-7: a top tells no more by its height.</summary>
    static double Highest(List<Level> levels, double most)
    {
        var ratio = (Math.Sqrt(5) - 1) / 2;
        var (low, high) = (-most, most);
        while (high - low > 1e-7)
        {
            var (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
            if (LogLikelihood(levels, left) < LogLikelihood(levels, right)) low = left;
            else high = right;
        }
        return (low + high) / 2;
    }
}
