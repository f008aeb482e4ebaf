namespace Rlhf.Learning.Evaluation;

/// <summary>Whether two models, asked the same, are right equally often: only where one is right and the other wrong tells (McNemar 1947).</summary>
/// <param name="OnlyFirst">Pairs on which only the first is right.</param>
/// <param name="OnlySecond">Pairs on which only the second is right.</param>
/// <param name="P">Exact and two-sided, 0 to 1: twice the smaller tail of a fair coin; 1 where they never differ.</param>
public sealed record McNemar(int OnlyFirst, int OnlySecond, double P)
{
    /// <exception cref="ArgumentException">A count is negative.</exception>
    public static McNemar Of(int onlyFirst, int onlySecond)
    {
        if (onlyFirst < 0 || onlySecond < 0)
            throw new ArgumentException($"The counts of pairs on which only one is right are {onlyFirst} and {onlySecond}; expected at least 0.");
        var n = onlyFirst + onlySecond;
        var (tail, logTerm) = (0.0, -n * Math.Log(2)); // ln of C(n, k)/2ⁿ: the terms themselves are below what a double holds
        for (var k = 0; k <= Math.Min(onlyFirst, onlySecond); k++)
        {
            tail += Math.Exp(logTerm);
            logTerm += Math.Log((double)(n - k) / (k + 1));
        }
        return new(onlyFirst, onlySecond, Math.Min(1, 2 * tail));
    }

    /// <summary>
    /// Of two models' margins on the same pairs, each positive where the model is right; a pair on which either has a tie is left out.
    /// </summary>
    /// <exception cref="ArgumentException">There are not as many of both.</exception>
    public static McNemar Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        if (first.Count != second.Count) throw new ArgumentException($"There are {first.Count} and {second.Count} margins; expected as many of both.");
        var signs = first.Zip(second, (a, b) => (First: Math.Sign(a), Second: Math.Sign(b))).ToList();
        return Of(signs.Count(s => s is (1, -1)), signs.Count(s => s is (-1, 1)));
    }
}
