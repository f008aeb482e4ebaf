namespace Rlhf.Learning.Evaluation;

/// <summary>How far two labelers say the same of the same things.</summary>
/// <param name="Share">Share of things on which they do, 0 to 1.</param>
/// <param name="CohenKappa">The same beyond chance: (share − by chance)/(1 − by chance), −1 to 1 (Cohen 1960).</param>
public sealed record Agreement(double Share, double CohenKappa)
{
    /// <summary>Of kappa, as if chance agreement were known: √(share · (1 − share) / (n · (1 − by chance)²)) (Cohen 1960); 0 where all agree.</summary>
    public required double KappaStandardError { get; init; }

    /// <summary>Of both labelers' categories, one pair for each thing that both judged.</summary>
    /// <exception cref="ArgumentException">There is none, or both always say the same one category, of which chance is everything.</exception>
    public static Agreement Of<T>(IReadOnlyList<(T First, T Second)> judgements) where T : notnull
    {
        if (judgements.Count == 0) throw new ArgumentException("There are 0 things that both labelers judged; expected at least one.");
        double n = judgements.Count;
        var share = judgements.Count(j => j.First.Equals(j.Second)) / n;
        var second = judgements.CountBy(j => j.Second).ToDictionary();
        var chance = judgements.CountBy(j => j.First).Sum(c => c.Value / n * (second.GetValueOrDefault(c.Key) / n));
        return chance < 1
            ? new(share, (share - chance) / (1 - chance)) { KappaStandardError = Math.Sqrt(share * (1 - share) / n) / (1 - chance) }
            : throw new ArgumentException($"Both labelers said '{judgements[0].First}' of all {n} things; expected at least two categories.");
    }
}
