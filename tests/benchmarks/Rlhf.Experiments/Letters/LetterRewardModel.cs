namespace Rlhf.Experiments.Letters;

/// <summary>
/// A small reward model: linear in what is seen, its squares and its products, fitted to noisy pairs by Bradley-Terry regression with a Gaussian prior. The
/// prior holds squares and products for much smaller than the rest: with few pairs, more of what was good is better.
/// </summary>
sealed class LetterRewardModel
{
    /// <summary>Precision of the prior, of linear terms and of squares and products.</summary>
    public const double LinearPrecision = 1, CurvedPrecision = 3000;

    /// <summary>Noise of the labelers: the log-odds of a judgement are the difference of gold over this.</summary>
    public const double Noise = 1;

    const int Terms = LetterStrings.Seen + LetterStrings.Seen * (LetterStrings.Seen + 1) / 2;

    readonly double[] _weights;

    LetterRewardModel(double[] weights) => _weights = weights;

    /// <summary>Fitted to as many pairs of fresh strings, judged once each with noise.</summary>
    public static LetterRewardModel Train(LetterGold gold, int pairs, int seed)
    {
        var random = new Random(seed);
        var differences = new double[pairs][];
        for (var i = 0; i < pairs; i++)
        {
            var sides = LetterStrings.Draw(2, random);
            var better = random.NextDouble() < 1 / (1 + Math.Exp((gold.Score(sides[1]) - gold.Score(sides[0])) / Noise)) ? 0 : 1;
            differences[i] = [.. Expand(sides[better]).Zip(Expand(sides[1 - better]), (a, b) => a - b)];
        }
        return new(Newton(differences));
    }

    public double Score(double[] seen)
    {
        var (score, term) = (0.0, 0);
        for (var i = 0; i < seen.Length; i++) score += _weights[term++] * seen[i];
        for (var i = 0; i < seen.Length; i++)
        {
            for (var j = i; j < seen.Length; j++) score += _weights[term++] * seen[i] * seen[j];
        }
        return score;
    }

    static double[] Expand(double[] seen) => [.. seen, .. from i in Enumerable.Range(0, seen.Length) from j in Enumerable.Range(i, seen.Length - i) select seen[i] * seen[j]];

    static double Precision(int term) => term < LetterStrings.Seen ? LinearPrecision : CurvedPrecision;

    /// <summary>The maximum of the posterior; the loss is convex.</summary>
    static double[] Newton(double[][] differences)
    {
        var weights = new double[Terms];
        for (var iteration = 0; iteration < 50; iteration++)
        {
            var gradient = new double[Terms];
            var hessian = new double[Terms, Terms];
            for (var t = 0; t < Terms; t++)
            {
                gradient[t] = Precision(t) * weights[t];
                hessian[t, t] = Precision(t);
            }
            foreach (var x in differences)
            {
                var wrong = 1 / (1 + Math.Exp(x.Zip(weights, (a, w) => a * w).Sum()));
                for (var s = 0; s < Terms; s++)
                {
                    gradient[s] -= wrong * x[s];
                    for (var t = 0; t <= s; t++) hessian[s, t] += wrong * (1 - wrong) * x[s] * x[t];
                }
            }
            var step = Solve(hessian, gradient);
            for (var t = 0; t < Terms; t++) weights[t] -= step[t];
            if (step.Max(Math.Abs) < 1e-9) return weights;
        }
        throw new InvalidOperationException($"The reward model of {differences.Length} pairs did not settle in 50 iterations.");
    }

    /// <summary>By Cholesky's decomposition, of the lower triangle.</summary>
    static double[] Solve(double[,] a, double[] b)
    {
        var x = (double[])b.Clone();
        for (var i = 0; i < Terms; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                for (var k = 0; k < j; k++) a[i, j] -= a[i, k] * a[j, k];
                a[i, j] = i == j ? Math.Sqrt(a[i, i]) : a[i, j] / a[j, j];
            }
        }
        for (var i = 0; i < Terms; i++)
        {
            for (var k = 0; k < i; k++) x[i] -= a[i, k] * x[k];
            x[i] /= a[i, i];
        }
        for (var i = Terms - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < Terms; k++) x[i] -= a[k, i] * x[k];
            x[i] /= a[i, i];
        }
        return x;
    }
}
