namespace Rlhf.Learning.Evaluation;

/// <summary>The temperature T that makes margins as likely as one number can: argmin NLL(Δ/T) (Gao et al. 2022, §2.2).</summary>
/// <param name="Value">Above 1 where the model is too sure of itself; an end of its range, 0.01 to 100, where no finite T is best.</param>
/// <param name="NegativeLogLikelihood">With it, in nats per pair.</param>
public sealed record Temperature(double Value, double NegativeLogLikelihood)
{
    const double Lowest = 0.01, Highest = 100;

    /// <summary>To margins in log-odds and the probabilities that the first side is better, 1 where none are given.</summary>
    /// <exception cref="ArgumentException">There is no pair, a number is out of range, or there are not as many of both.</exception>
    public static Temperature Fit(IReadOnlyList<double> margins, IReadOnlyList<double>? probabilities = null) =>
        Fit(Margins.With(margins, probabilities));

    // Golden section on ln T: the loss is convex in 1/T, so it has one valley in ln T.
    internal static Temperature Fit(List<(double Margin, double Probability)> pairs)
    {
        var ratio = (Math.Sqrt(5) - 1) / 2;
        var (low, high) = (Math.Log(Lowest), Math.Log(Highest));
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        var (lossLeft, lossRight) = (Loss(left), Loss(right));
        while (high - low > 1e-7)
        {
            if (lossLeft <= lossRight)
            {
                (high, right, lossRight) = (right, left, lossLeft);
                lossLeft = Loss(left = high - ratio * (high - low));
            }
            else
            {
                (low, left, lossLeft) = (left, right, lossRight);
                lossRight = Loss(right = low + ratio * (high - low));
            }
        }
        var best = (low + high) / 2;
        return new(Math.Exp(best), Loss(best));

        double Loss(double logTemperature) => Margins.NegativeLogLikelihood(pairs, Math.Exp(-logTemperature));
    }
}
