namespace Rlhf.Learning.Evaluation;

/// <summary>How a score goes with the length of what is scored.</summary>
/// <param name="Correlation">Pearson's, −1 to 1.</param>
/// <param name="Slope">Of least squares, in score per unit of length.</param>
/// <param name="Residuals">What of each score length does not explain; their mean is 0.</param>
public sealed record LengthBias(double Correlation, double Slope, IReadOnlyList<double> Residuals)
{
    /// <exception cref="ArgumentException">There are not as many of both, fewer than two, or one of them does not vary.</exception>
    public static LengthBias Of(IReadOnlyList<double> lengths, IReadOnlyList<double> scores)
    {
        if (lengths.Count != scores.Count || lengths.Count < 2)
            throw new ArgumentException($"There are {lengths.Count} lengths and {scores.Count} scores; expected as many of both, and at least two.");
        var (length, score) = (Centered(lengths), Centered(scores));
        var (squares, products) = (Product(length, length), Product(length, score));
        var deviations = Math.Sqrt(squares) * Math.Sqrt(Product(score, score));
        if (!(deviations > 0) || !double.IsFinite(deviations))
            throw new ArgumentException($"The length bias of {lengths.Count} texts is undefined; expected finite lengths and scores that vary.");
        var slope = products / squares;
        return new(products / deviations, slope, [.. score.Select((s, i) => s - slope * length[i])]);
    }

    static double[] Centered(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return [.. values.Select(v => v - mean)];
    }

    static double Product(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
