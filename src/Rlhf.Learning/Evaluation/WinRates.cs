namespace Rlhf.Learning.Evaluation;

/// <summary>A mean of win rates in [0, 1], a tie being a half.</summary>
/// <param name="StandardError">With n − 1, as AlpacaEval has it.</param>
/// <param name="StandardErrorByN">With n.</param>
public sealed record WinRates(double Mean, double StandardError, double StandardErrorByN)
{
    /// <exception cref="ArgumentException">There are fewer than two.</exception>
    public static WinRates Of(IReadOnlyList<double> x)
    {
        if (x.Count < 2) throw new ArgumentException($"{x.Count} observations have no standard error; expected two at least.");
        var mean = x.Average();
        var squares = x.Sum(v => (v - mean) * (v - mean));
        return new(mean, Math.Sqrt(squares / (x.Count - 1) / x.Count), Math.Sqrt(squares / x.Count / x.Count));
    }
}
