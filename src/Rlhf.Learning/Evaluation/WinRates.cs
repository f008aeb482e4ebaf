namespace Rlhf.Learning.Evaluation;

/// <summary>A mean of win rates in [0, 1], a tie being a half.</summary>
/// <param name="StandardError">With n − 1, as AlpacaEval has it.</param>
/// <param name="StandardErrorByN">With n.</param>
public sealed record WinRates(double Mean, double StandardError, double StandardErrorByN)
{
    /// <exception cref="ArgumentException">There are fewer than two, or one is outside [0, 1].</exception>
    public static WinRates Of(IReadOnlyList<double> x)
    {
        if (x.Count < 2) throw new ArgumentException($"{x.Count} observations have no standard error; expected two at least.");
        for (var i = 0; i < x.Count; i++)
        {
            if (!(x[i] >= 0 && x[i] <= 1)) throw new ArgumentException($"Win rate {i} is {x[i]}; expected 0 to 1.");
        }
        var mean = x.Average();
        var squares = x.Sum(v => (v - mean) * (v - mean));
        return new(mean, Math.Sqrt(squares / (x.Count - 1) / x.Count), Math.Sqrt(squares / x.Count / x.Count));
    }
}
