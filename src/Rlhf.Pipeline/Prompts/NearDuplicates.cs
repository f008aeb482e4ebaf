namespace Rlhf.Pipeline.Prompts;

/// <summary>
/// Finds texts that share four fifths of their word trigrams (Jaccard) with one of a set. Candidates come from MinHash bands (Broder 1997), so that
/// a large set costs little; each is then compared exactly.
/// </summary>
sealed class NearDuplicates
{
    const double Similar = 0.8;

    // A pair of similarity 0.8 meets in a band with probability 1 − (1 − 0.8⁴)⁸ = 0.985.
    const int Bands = 8, Rows = 4;

    // A bucket of template prompts can hold thousands; looking at the first hundred keeps the cost linear.
    const int MostCandidates = 100;

    readonly List<HashSet<ulong>> _texts = [];
    readonly Dictionary<(int Band, ulong Hash), List<int>> _bands = [];

    public NearDuplicates(IEnumerable<string> texts)
    {
        foreach (var text in texts) Add(text);
    }

    public void Add(string text)
    {
        var trigrams = Trigrams(text);
        foreach (var band in BandsOf(trigrams))
        {
            if (!_bands.TryGetValue(band, out var members)) _bands[band] = members = [];
            members.Add(_texts.Count);
        }
        _texts.Add(trigrams);
    }

    /// <summary>How many of the texts have a near-duplicate in the set.</summary>
    public int Count(IEnumerable<string> texts) => texts.Count(Contains);

    public bool Contains(string text)
    {
        var trigrams = Trigrams(text);
        return BandsOf(trigrams).Any(band => _bands.TryGetValue(band, out var members) && members.Take(MostCandidates).Any(i => Jaccard(trigrams, _texts[i]) >= Similar));
    }

    static double Jaccard(HashSet<ulong> a, HashSet<ulong> b)
    {
        var shared = a.Count(b.Contains);
        return (double)shared / (a.Count + b.Count - shared);
    }

    // A text of fewer words is one item.
    static HashSet<ulong> Trigrams(string text)
    {
        var words = PromptText.Normalize(text).ToLowerInvariant().Split(' ');
        return [.. Enumerable.Range(0, Math.Max(1, words.Length - 2)).Select(i => Hash(string.Join(' ', words.Skip(i).Take(3))))];
    }

    static IEnumerable<(int, ulong)> BandsOf(HashSet<ulong> items)
    {
        for (var band = 0; band < Bands; band++)
        {
            var hash = 0UL;
            for (var row = 0; row < Rows; row++)
            {
                var salt = (ulong)(band * Rows + row + 1) * 0x9E3779B97F4A7C15;
                hash = Mix(hash ^ items.Min(i => Mix(i ^ salt)));
            }
            yield return (band, hash);
        }
    }

    // FNV-1a; the same on every machine, unlike string.GetHashCode.
    static ulong Hash(string text) => Mix(text.Aggregate(14695981039346656037UL, (hash, c) => (hash ^ c) * 1099511628211));

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
