namespace Rlhf.Learning.Selection;

/// <summary>How much a judgement of a pair is worth, from the log-odds that the members of an ensemble give its first side; more is better.</summary>
public static class Acquisition
{
    /// <summary>Standard deviation (population) of the members' probabilities, 0 to 0.5: where they disagree.</summary>
    /// <exception cref="ArgumentException">There are fewer than two members.</exception>
    public static double Disagreement(IReadOnlyList<double> logOdds)
    {
        var probabilities = Probabilities(logOdds);
        var mean = probabilities.Average();
        return Math.Sqrt(probabilities.Average(p => (p - mean) * (p - mean)));
    }

    /// <summary>Minus the mean's distance from even odds, at most 0: where the scores are near each other. One member suffices.</summary>
    public static double SmallGap(IReadOnlyList<double> logOdds) => -Math.Abs(logOdds.Average());

    /// <summary>
    /// Nats that an answer is expected to tell about which member is right: entropy of the mean probability less the mean of the members' entropies
    /// (Houlsby et al. 2011), 0 to ln 2. Noise that all members expect counts for nothing.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two members.</exception>
    public static double InformationGain(IReadOnlyList<double> logOdds)
    {
        var probabilities = Probabilities(logOdds);
        return Math.Max(0, Entropy(probabilities.Average()) - probabilities.Average(Entropy));
    }

    static List<double> Probabilities(IReadOnlyList<double> logOdds) => logOdds.Count >= 2
        ? [.. logOdds.Select(x => 1 / (1 + Math.Exp(-x)))]
        : throw new ArgumentException($"There are log-odds of {logOdds.Count} members; expected at least 2, since one cannot disagree with itself.");

    static double Entropy(double p) => p is <= 0 or >= 1 ? 0 : -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);
}
