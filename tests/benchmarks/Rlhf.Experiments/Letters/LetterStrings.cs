namespace Rlhf.Experiments.Letters;

/// <summary>
/// The world without a language model: strings of 20 letters a to f, each letter drawn alike. What can be seen of a string is how often each letter is there
/// and how many of its letters repeat the one before, each less its mean and over its deviation among such strings.
/// </summary>
static class LetterStrings
{
    public const int Length = 20, Letters = 6;

    /// <summary>Counts of the letters, then repetitions.</summary>
    public const int Seen = Letters + 1;

    static readonly double CountMean = Length / (double)Letters, CountDeviation = Math.Sqrt(Length * (1.0 / Letters) * (1 - 1.0 / Letters));
    static readonly double RepeatMean = (Length - 1) / (double)Letters, RepeatDeviation = Math.Sqrt((Length - 1) * (1.0 / Letters) * (1 - 1.0 / Letters));

    /// <summary>What is seen of <paramref name="count"/> fresh strings, one after the other.</summary>
    public static double[][] Draw(int count, Random random) => [.. Enumerable.Range(0, count).Select(_ => Draw(random))];

    static double[] Draw(Random random)
    {
        var seen = new double[Seen];
        for (int i = 0, last = -1; i < Length; i++)
        {
            var letter = random.Next(Letters);
            seen[letter]++;
            if (letter == last) seen[Letters]++;
            last = letter;
        }
        for (var letter = 0; letter < Letters; letter++) seen[letter] = (seen[letter] - CountMean) / CountDeviation;
        seen[Letters] = (seen[Letters] - RepeatMean) / RepeatDeviation;
        return seen;
    }
}
