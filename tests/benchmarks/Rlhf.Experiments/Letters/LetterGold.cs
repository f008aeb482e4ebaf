namespace Rlhf.Experiments.Letters;

/// <summary>The hidden preference over strings.</summary>
/// <param name="Decline">How soon there are too many a's; 0 in the control, where more is always better.</param>
sealed record LetterGold(double Decline)
{
    /// <summary>The law's world: a's are liked up to one deviation more than usual, and the less the more there are beyond.</summary>
    public static LetterGold TooMuch { get; } = new(0.5);

    /// <summary>The control: the same without "too much", so that a reward model that is linear in what it sees can be right.</summary>
    public static LetterGold Linear { get; } = new(0);

    /// <summary>Gold of a string, without noise: a's, less for b's, as much against f's, a little against repetitions.</summary>
    public double Score(double[] seen) => seen[0] - Decline * seen[0] * seen[0] + 0.4 * seen[1] - 0.4 * seen[5] - 0.25 * seen[LetterStrings.Letters];
}
