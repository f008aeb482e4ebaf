namespace Rlhf.Learning.Evaluation;

/// <summary>Margins of a preference model, in log-odds that a pair's first side is the better one.</summary>
public static class Margins
{
    /// <summary>Share of pairs whose better side has the higher score; a tie counts a half. Better is the first side.</summary>
    /// <exception cref="ArgumentException">There is no pair, or a margin is not finite.</exception>
    public static double Accuracy(IReadOnlyList<double> margins) =>
        With(margins, null).Average(p => p.Margin > 0 ? 1.0 : p.Margin < 0 ? 0.0 : 0.5);

    /// <summary>Margins beside the probabilities that the first side really is the better one, 1 where none are given.</summary>
    internal static List<(double Margin, double Probability)> With(IReadOnlyList<double> margins, IReadOnlyList<double>? probabilities)
    {
        if (margins.Count == 0 || (probabilities is not null && probabilities.Count != margins.Count))
            throw new ArgumentException($"There are {margins.Count} margins and {probabilities?.Count ?? margins.Count} probabilities; expected at least one, and as many of both.");
        return [.. margins.Select((margin, i) => (Checked("margin", i, margin, double.IsFinite(margin)), Probability(i)))];

        double Probability(int i) => probabilities is null ? 1 : Checked("probability", i, probabilities[i], probabilities[i] is >= 0 and <= 1);
    }

    /// <summary>1/(1 + e^−x).</summary>
    internal static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>−mean [p ln σ(βΔ) + (1 − p) ln σ(−βΔ)], in nats, with β the inverse temperature.</summary>
    internal static double NegativeLogLikelihood(List<(double Margin, double Probability)> pairs, double beta) =>
        pairs.Average(p => SoftPlus(-beta * p.Margin) + (1 - p.Probability) * beta * p.Margin);

    // ln(1 + e^x), which overflows as it stands.
    static double SoftPlus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    static double Checked(string name, int index, double value, bool inRange) => inRange
        ? value
        : throw new ArgumentException($"The {name} of pair {index} is {value}; expected {(name == "margin" ? "a finite number" : "0 to 1")}.");
}
