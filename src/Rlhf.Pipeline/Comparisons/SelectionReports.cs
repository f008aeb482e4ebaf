using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>What a choice of comparisons covers.</summary>
static class SelectionReports
{
    public static SelectionReport Of(IReadOnlyList<Comparison> candidates, IReadOnlyList<Comparison> chosen, int nearDuplicates, bool grouped)
    {
        var training = chosen.Where(c => c.Purpose == "training").ToList();
        var asked = training.CountBy(c => c.Cluster ?? 0).ToDictionary();
        var clusters = grouped
            ? candidates.Where(c => c.Purpose == "training").GroupBy(c => c.Cluster ?? 0).OrderBy(g => g.Key)
                .Select(g => new ClusterCoverage(g.Key, g.DistinctBy(c => c.PromptId).Count(), g.Count(), asked.GetValueOrDefault(g.Key))).ToList()
            : [];
        return new(
            candidates.Count, training.Count, chosen.Count - training.Count, nearDuplicates,
            new SortedDictionary<string, int>(chosen.CountBy(c => c.Strategy!).ToDictionary(), StringComparer.Ordinal),
            clusters.Count > 0 ? clusters.Count(c => c.Asked > 0) / (double)clusters.Count : null, Evenness(clusters), clusters);
    }

    /// <summary>Null where there are fewer than two clusters, among which nothing can be uneven, or nothing is asked.</summary>
    static double? Evenness(List<ClusterCoverage> clusters)
    {
        double all = clusters.Sum(c => c.Asked);
        return clusters.Count < 2 || all == 0 ? null : clusters.Where(c => c.Asked > 0).Sum(c => -(c.Asked / all) * Math.Log(c.Asked / all)) / Math.Log(clusters.Count);
    }
}
