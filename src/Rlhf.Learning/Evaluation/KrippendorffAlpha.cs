namespace Rlhf.Learning.Evaluation;

/// <summary>
/// How far labelers say the same of the same things, whoever judged how many of them (Krippendorff 2004): 1 − observed disagreement/disagreement by chance.
/// </summary>
/// <param name="Observed">Mean difference within things.</param>
/// <param name="ByChance">Mean difference of any two judgements.</param>
/// <param name="Alpha">At most 1; 0 where judgements differ within things as they do between them.</param>
/// <param name="Judgements">Judgements of things that were judged at least twice; the others say nothing.</param>
public sealed record KrippendorffAlpha(double Observed, double ByChance, double Alpha, int Judgements)
{
    /// <summary>Of categories, any two of which are equally different.</summary>
    /// <exception cref="ArgumentException">No thing was judged twice, or all judgements are the same.</exception>
    public static KrippendorffAlpha Nominal(IReadOnlyList<IReadOnlyList<int>> things) => Of(things, (a, b) => a == b ? 0 : 1);

    /// <summary>Of numbers whose difference counts by its square.</summary>
    /// <exception cref="ArgumentException">No thing was judged twice, or all judgements are the same.</exception>
    public static KrippendorffAlpha Interval(IReadOnlyList<IReadOnlyList<double>> things) => Of(things, (a, b) => (a - b) * (a - b));

    static KrippendorffAlpha Of<T>(IReadOnlyList<IReadOnlyList<T>> things, Func<T, T, double> difference) where T : notnull
    {
        var several = things.Where(t => t.Count > 1).Select(t => t.CountBy(v => v).ToList()).ToList();
        if (several.Count == 0) throw new ArgumentException("There are 0 things that were judged twice; expected at least one.");
        var all = several.SelectMany(t => t).GroupBy(v => v.Key).Select(g => KeyValuePair.Create(g.Key, g.Sum(v => v.Value))).ToList();
        double n = all.Sum(v => v.Value);
        // A thing of m judgements counts m: each of its pairs in both orders, with the weight 1/(m − 1).
        var observed = several.Sum(t => Differences(t, difference) / (t.Sum(v => v.Value) - 1)) / n;
        var chance = Differences(all, difference) / (n * (n - 1));
        return chance > 0
            ? new(observed, chance, 1 - observed / chance, (int)n)
            : throw new ArgumentException($"All {n} judgements are '{all[0].Key}'; expected at least two that differ.");
    }

    static double Differences<T>(List<KeyValuePair<T, int>> counts, Func<T, T, double> difference) =>
        counts.Sum(a => counts.Sum(b => (double)a.Value * b.Value * difference(a.Key, b.Key)));
}
