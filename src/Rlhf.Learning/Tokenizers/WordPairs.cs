namespace Rlhf.Learning.Tokenizers;

/// <summary>Words as pieces, with the count of every pair of neighbors kept up to date from merge to merge.</summary>
sealed class WordPairs
{
    readonly List<(List<string> Pieces, long Count)> _words;
    readonly Dictionary<(string Left, string Right), long> _counts = [];
    readonly Dictionary<(string Left, string Right), HashSet<int>> _holders = [];

    internal WordPairs(IReadOnlyDictionary<string, long> words)
    {
        _words = [.. words.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (w.Key.Select(c => c.ToString()).ToList(), w.Value))];
        for (var word = 0; word < _words.Count; word++)
            Count(word, 1);
    }

    /// <summary>
    /// The most frequent pair, the first in ordinal order of equals, or null where every word is one piece. No merge may spell a special
    /// token.
    /// </summary>
    internal (string Left, string Right)? MostFrequent()
    {
        ((string Left, string Right) Pair, long Count)? best = null;
        foreach (var (pair, count) in _counts)
            if (pair.Left + pair.Right is not ("<pad>" or "<bos>" or "<eos>")
                && (best is not { } b || count > b.Count || (count == b.Count && Compare(pair, b.Pair) < 0)))
                best = (pair, count);
        return best?.Pair;
    }

    internal void Merge(string left, string right)
    {
        foreach (var word in _holders[(left, right)].ToList())
        {
            Count(word, -1);
            var pieces = _words[word].Pieces;
            for (var i = 0; i + 1 < pieces.Count; i++)
                if (pieces[i] == left && pieces[i + 1] == right)
                {
                    pieces[i] = left + right;
                    pieces.RemoveAt(i + 1);
                }
            Count(word, 1);
        }
    }

    void Count(int word, int sign)
    {
        var (pieces, count) = _words[word];
        for (var i = 0; i + 1 < pieces.Count; i++)
        {
            var pair = (pieces[i], pieces[i + 1]);
            var total = _counts.GetValueOrDefault(pair) + sign * count;
            if (total == 0)
            {
                _counts.Remove(pair);
                _holders.Remove(pair);
                continue;
            }
            _counts[pair] = total;
            if (!_holders.TryGetValue(pair, out var holders))
                _holders[pair] = holders = [];
            if (sign > 0)
                holders.Add(word);
            else
                holders.Remove(word);
        }
    }

    static int Compare((string Left, string Right) a, (string Left, string Right) b) =>
        string.CompareOrdinal(a.Left, b.Left) is var left and not 0 ? left : string.CompareOrdinal(a.Right, b.Right);
}
