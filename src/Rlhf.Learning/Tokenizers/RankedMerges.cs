namespace Rlhf.Learning.Tokenizers;

/// <summary>A BPE's merges by ids, the first rank first.</summary>
sealed class RankedMerges
{
    readonly Dictionary<(int Left, int Right), (int Id, double Score)> _merges = [];

    internal RankedMerges(TokenizerParts parts)
    {
        var ids = parts.Model.Ids;
        foreach (var (rank, (left, right)) in parts.PlainMerges.Index())
            _merges[(ids[left], ids[right])] = (ids[left + right], -rank);
    }

    internal int[] Run(int[] ids) => new BestScoreMerge(ids, Merge).Run();

    (int Id, double Score)? Merge(int left, int right) => _merges.TryGetValue((left, right), out var merged) ? merged : null;
}
