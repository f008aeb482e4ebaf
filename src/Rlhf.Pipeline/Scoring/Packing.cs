namespace Rlhf.Pipeline.Scoring;

/// <summary>Which waiting texts make the next pass.</summary>
static class Packing
{
    /// <summary>
    /// Cuts lengths in ascending order into passes, each padded to its longest, so that all passes together cost least: a pass costs its padded tokens and
    /// <paramref name="overhead"/> more. Found exactly, by dynamic programming over where the last pass begins.
    /// </summary>
    /// <param name="lengths">Tokens of each text, ascending.</param>
    /// <param name="budget">Padded tokens of a pass of more than one text.</param>
    /// <param name="overhead">What a pass costs besides, in tokens, at least 0.</param>
    /// <returns>Where passes begin and end, by index, in order.</returns>
    public static IReadOnlyList<Range> Passes(IReadOnlyList<int> lengths, int budget, double overhead)
    {
        var cost = new double[lengths.Count + 1];
        var begin = new int[lengths.Count + 1];
        for (var end = 1; end <= lengths.Count; end++)
        {
            cost[end] = double.PositiveInfinity;
            for (var from = end - 1; from >= 0; from--)
            {
                var padded = (long)(end - from) * lengths[end - 1];
                if (padded > budget && end - from > 1) break;
                if (cost[from] + padded + overhead < cost[end]) (cost[end], begin[end]) = (cost[from] + padded + overhead, from);
            }
        }
        var passes = new List<Range>();
        for (var end = lengths.Count; end > 0; end = begin[end]) passes.Add(begin[end]..end);
        passes.Reverse();
        return passes;
    }
}
