namespace Rlhf.Learning.Evaluation;

/// <summary>How much texts differ from each other. A text is a list of words.</summary>
public static class TextDiversity
{
    const int Orders = 4;

    // Of a precision that is 0: Chen and Cherry (2014), method 1, as NLTK has it.
    const double Epsilon = 0.1;

    /// <summary>
    /// Distinct-n (Li et al. 2016): distinct sequences of <paramref name="n"/> words by all such sequences, over all texts together, above 0 to 1; null where no
    /// text is that long. It falls with the amount of text: only sets of about the same size compare.
    /// </summary>
    public static double? Distinct(IReadOnlyList<IReadOnlyList<string>> texts, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var all = texts.SelectMany(t => Sequences(t, n)).ToList();
        return all.Count > 0 ? (double)all.Distinct().Count() / all.Count : null;
    }

    /// <summary>
    /// Self-BLEU (Zhu et al. 2018): the mean over the texts of the BLEU (Papineni et al. 2002; four orders, equal weights, a precision of 0 smoothed by method 1
    /// of Chen and Cherry 2014, brevity by the nearest length, of two the shorter) of a text with all others as references, 0 to 1; 1 where all are the same.
    /// Texts without words are left out; null where fewer than two are left.
    /// </summary>
    public static double? SelfBleu(IReadOnlyList<IReadOnlyList<string>> texts)
    {
        var worded = texts.Where(t => t.Count > 0).ToList();
        if (worded.Count < 2) return null;
        var logs = new double[worded.Count];
        var hasWord = new bool[worded.Count];
        for (var n = 1; n <= Orders; n++)
        {
            List<Dictionary<string, int>> counts = [.. worded.Select(t => Sequences(t, n).CountBy(s => s).ToDictionary())];
            var most = MostByOthers(counts);
            foreach (var (i, own) in counts.Index())
            {
                var (matched, total) = (own.Sum(c => Math.Min(c.Value, most[c.Key].Besides(i))), Math.Max(1, own.Values.Sum()));
                if (n == 1) hasWord[i] = matched > 0;
                logs[i] += Math.Log((matched > 0 ? matched : Epsilon) / total) / Orders;
            }
        }
        var lengths = worded.Select(t => t.Count).Order().ToList();
        return worded.Index().Average(t => hasWord[t.Index] ? Brevity(t.Item.Count, lengths) * Math.Exp(logs[t.Index]) : 0);
    }

    /// <summary>Of a sequence the largest count in one text, that text, and the largest count in the others.</summary>
    readonly record struct Most(int Count, int Text, int Next)
    {
        public int Besides(int text) => text == Text ? Next : Count;

        public Most With(int count, int text) => count > Count ? new(count, text, Count) : this with { Next = Math.Max(Next, count) };
    }

    static Dictionary<string, Most> MostByOthers(List<Dictionary<string, int>> counts)
    {
        var most = new Dictionary<string, Most>();
        foreach (var (i, own) in counts.Index())
            foreach (var (sequence, count) in own) most[sequence] = most.GetValueOrDefault(sequence, new(0, -1, 0)).With(count, i);
        return most;
    }

    static double Brevity(int length, List<int> lengths)
    {
        // Sorted, and one of them is the text's own.
        var own = lengths.BinarySearch(length);
        int? shorter = own > 0 ? lengths[own - 1] : null, longer = own + 1 < lengths.Count ? lengths[own + 1] : null;
        var nearest = shorter is { } s && (longer is not { } l || length - s <= l - length) ? s : longer!.Value;
        return length >= nearest ? 1 : Math.Exp(1 - (double)nearest / length);
    }

    // No word has a line break.
    static IEnumerable<string> Sequences(IReadOnlyList<string> words, int n) =>
        Enumerable.Range(0, Math.Max(0, words.Count - n + 1)).Select(i => n == 1 ? words[i] : string.Join('\n', words.Skip(i).Take(n)));
}
