namespace Rlhf.Learning.Evaluation;

/// <summary>
/// The always-valid e-value of a rate on independent wins and losses: B(a + wins, b + losses) / (B(a, b)·p^wins·(1−p)^losses), which passes 1/α with chance α at
/// most where the rate is p, however often one looks (Robbins 1970).
/// </summary>
public static class BetaBinomialTest
{
    /// <returns>At most the largest number there is, which is evidence enough.</returns>
    /// <param name="rate">The rate that is put to the test, between 0 and 1.</param>
    /// <param name="a">Prior wins, above 0.</param>
    /// <param name="b">Prior losses, above 0.</param>
    /// <exception cref="ArgumentException">A count is negative, the rate is none, or a prior is not above 0.</exception>
    public static double EValue(int wins, int losses, double rate, double a = 1, double b = 1)
    {
        if (wins < 0 || losses < 0) throw new ArgumentException($"{wins} wins and {losses} losses; expected 0 and up.");
        if (!(rate > 0 && rate < 1)) throw new ArgumentException($"The rate is {rate}; expected between 0 and 1.");
        if (!(a > 0 && b > 0)) throw new ArgumentException($"The prior is {a} and {b}; expected both above 0.");
        var log = Rising(a, wins) + Rising(b, losses) - Rising(a + b, wins + losses) - wins * Math.Log(rate) - losses * Math.Log(1 - rate);
        return Math.Min(Math.Exp(log), double.MaxValue); // JSON knows no infinity
    }

    // ln(a·(a+1)·…·(a+n−1)): ratios of beta functions need no gamma function.
    static double Rising(double a, int n)
    {
        var sum = 0.0;
        for (var i = 0; i < n; i++) sum += Math.Log(a + i);
        return sum;
    }
}
