namespace Rlhf.Learning.Evaluation;

/// <summary>How far the probabilities σ(margin) of a preference model can be believed.</summary>
/// <param name="ExpectedCalibrationError">Σ n_b/n·|confidence − frequency| over the bins (Guo et al. 2017), 0 to 1.</param>
/// <param name="Brier">Mean squared distance of probability and outcome, 0 to 1.</param>
/// <param name="NegativeLogLikelihood">In nats per pair; ln 2 knows nothing.</param>
/// <param name="Temperature">What the margins have to be divided by, see <see cref="Evaluation.Temperature"/>.</param>
/// <param name="Bins">The reliability table: bins of equal width that hold something, by rising confidence.</param>
public sealed record Calibration(
    double ExpectedCalibrationError, double Brier, double NegativeLogLikelihood, Temperature Temperature, IReadOnlyList<ReliabilityBin> Bins)
{
    /// <summary>
    /// Of <paramref name="margins"/> in log-odds that a pair's first side is the better one, and the <paramref name="probabilities"/> that it
    /// really is: 0 to 1, where none are given all 1 (the first side was chosen).
    /// </summary>
    /// <exception cref="ArgumentException">There is no pair, a number is out of range, or there are not as many of both.</exception>
    public static Calibration Of(IReadOnlyList<double> margins, IReadOnlyList<double>? probabilities = null, int bins = 10)
    {
        var pairs = Margins.With(margins, probabilities);
        var table = Table(pairs, bins);
        return new(
            table.Sum(b => b.Count * Math.Abs(b.Confidence - b.Frequency)) / pairs.Count,
            pairs.Average(p => Square(Margins.Sigmoid(p.Margin) - p.Probability)),
            Margins.NegativeLogLikelihood(pairs, 1),
            Temperature.Fit(pairs),
            table);
    }

    static List<ReliabilityBin> Table(List<(double Margin, double Probability)> pairs, int bins)
    {
        if (bins < 1) throw new ArgumentException($"A reliability table of {bins} bins was asked for; expected at least 1.");
        return [.. pairs.Select(Prediction).GroupBy(p => Bin(p.Confidence)).OrderBy(b => b.Key).Select(b => new ReliabilityBin(
            (double)b.Key / bins, (b.Key + 1.0) / bins, b.Count(), b.Average(p => p.Confidence), b.Average(p => p.Right)))];

        // A confidence of 0.9 may come as 0.8999…: σ and its inverse round.
        int Bin(double confidence) => Math.Min(bins - 1, (int)(confidence * bins + 1e-9));
    }

    // Which side stands first means nothing, so what is predicted is the side that the margin prefers; no margin prefers none.
    static (double Confidence, double Right) Prediction((double Margin, double Probability) pair) => (
        Margins.Sigmoid(Math.Abs(pair.Margin)),
        pair.Margin > 0 ? pair.Probability : pair.Margin < 0 ? 1 - pair.Probability : 0.5);

    static double Square(double x) => x * x;
}
