namespace Rlhf.Learning.Selection;

/// <summary>Spreads a budget over groups of different sizes.</summary>
public static class Quotas
{
    /// <summary>
    /// What each group gets: in proportion to the root of its size, so that small groups are asked about more than their share, never more than it has,
    /// and all of the budget where there is enough.
    /// </summary>
    /// <param name="sizes">What each group has, at least 0.</param>
    /// <param name="budget">What is to be given out, at least 0.</param>
    public static int[] ByRoot(IReadOnlyList<int> sizes, int budget)
    {
        var quotas = new int[sizes.Count];
        budget = Math.Min(budget, sizes.Sum());
        for (var left = budget; left > 0; left = budget - quotas.Sum())
        {
            var open = Enumerable.Range(0, sizes.Count).Where(i => quotas[i] < sizes[i]).ToList();
            var roots = open.Sum(i => Math.Sqrt(sizes[i]));
            var before = left;
            foreach (var i in open)
            {
                var part = Math.Min((int)(before * Math.Sqrt(sizes[i]) / roots), Math.Min(sizes[i] - quotas[i], left));
                quotas[i] += part;
                left -= part;
            }
            if (left < before) continue;
            // What rounding leaves goes to those with most that is not asked yet.
            foreach (var i in open.OrderByDescending(i => sizes[i] - quotas[i]).ThenBy(i => i).Take(left)) quotas[i]++;
        }
        return quotas;
    }
}
