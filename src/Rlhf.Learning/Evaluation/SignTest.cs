namespace Rlhf.Learning.Evaluation;

/// <summary>The exact sign test: how likely as many or more of a fair coin's throws are.</summary>
public static class SignTest
{
    /// <summary>One-sided p of <paramref name="better"/> or more of all; ties are left out before.</summary>
    /// <exception cref="ArgumentException">There is nothing to test, or a count is negative.</exception>
    public static double OneSided(int better, int worse)
    {
        if (better < 0 || worse < 0 || better + worse == 0) throw new ArgumentException($"{better} better and {worse} worse; expected 0 and up, and one at least.");
        var n = better + worse;
        // In logarithms, from n choose 0 up.
        var (log, sum) = (-n * Math.Log(2), 0.0);
        for (var k = 0; k <= n; k++)
        {
            if (k >= better) sum += Math.Exp(log);
            log += Math.Log(n - k) - Math.Log(k + 1);
        }
        return Math.Min(1, sum);
    }
}
