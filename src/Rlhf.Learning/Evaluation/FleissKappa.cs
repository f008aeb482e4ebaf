namespace Rlhf.Learning.Evaluation;

/// <summary>How far many labelers say the same of the same things, beyond chance (Fleiss 1971).</summary>
/// <param name="Share">Mean share of pairs of labelers of a thing who agree, 0 to 1.</param>
/// <param name="ByChance">The same for labelers who say each category as often as all of them together.</param>
/// <param name="Kappa">(share − by chance)/(1 − by chance), at most 1.</param>
public sealed record FleissKappa(double Share, double ByChance, double Kappa)
{
    /// <summary>
    /// Of each thing's number of labelers by category. Things with less than two labelers are left out; with as many labelers of each of the others it is
    /// Fleiss' own figure, otherwise each thing counts the same and each judgement as often for chance.
    /// </summary>
    /// <exception cref="ArgumentException">No thing has two labelers, or only one category was said, of which chance is everything.</exception>
    public static FleissKappa Of(IReadOnlyList<IReadOnlyList<int>> things)
    {
        var several = things.Where(t => t.Sum() > 1).ToList();
        if (several.Count == 0) throw new ArgumentException("There are 0 things that two labelers judged; expected at least one.");
        double judgements = several.Sum(t => t.Sum());
        var share = several.Average(t => (t.Sum(c => (double)c * c) - t.Sum()) / ((double)t.Sum() * (t.Sum() - 1)));
        var chance = Enumerable.Range(0, several.Max(t => t.Count)).Sum(k => Math.Pow(several.Sum(t => k < t.Count ? t[k] : 0) / judgements, 2));
        return chance < 1
            ? new(share, chance, (share - chance) / (1 - chance))
            : throw new ArgumentException($"All {judgements} judgements say the same one category; expected at least two categories.");
    }
}
