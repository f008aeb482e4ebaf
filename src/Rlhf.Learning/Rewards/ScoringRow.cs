using Rlhf.Learning.Models;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// What a pass computes in one row: a text, or texts that begin alike, whose beginning is computed once. Each ending follows the beginning alone: it has the positions behind it and
/// sees nothing of the others.
/// </summary>
/// <param name="Prefix">Tokens that all texts begin with; empty for one text.</param>
/// <param name="Endings">What each text has behind them, at least one token.</param>
public sealed record ScoringRow(int[] Prefix, IReadOnlyList<int[]> Endings)
{
    /// <summary>Below this part of all tokens a shared beginning is not worth the mask.</summary>
    const double LeastSaved = 0.25;

    /// <summary>What a seen token costs in each head beside its products, in multiplications and additions: its part of the mask and of the softmax. As measured on a CPU.</summary>
    const double Softmax = 112;

    /// <summary>Tokens of the row.</summary>
    public int Tokens => Prefix.Length + Endings.Sum(e => e.Length);

    /// <summary>Tokens of the longest text.</summary>
    public int Longest => Prefix.Length + Endings.Max(e => e.Length);

    public static ScoringRow Of(ScoredText text) => new([], [text.Tokens]);

    /// <summary>
    /// Texts as rows: those with the same prompt together where that costs less. In each layer a token costs about 24 times the square of the hidden size, and each token that it may see
    /// 4 times the head size and <see cref="Softmax"/> in each head; a text alone skips the half that comes later. The next text begins another row where it costs less alone.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="budget">Tokens of a row of more than one text, at least 1.</param>
    /// <returns>Each row with the places of its texts; every place once.</returns>
    public static IReadOnlyList<(ScoringRow Row, int[] Places)> Share(IReadOnlyList<ScoredText> texts, DecoderConfig config, int budget)
    {
        var seen = config.NumAttentionHeads * (4.0 * config.HeadSize + Softmax) / (24.0 * config.HiddenSize * config.HiddenSize);
        double Alone(double tokens) => tokens + seen / 2 * tokens * tokens;
        double Shared(double tokens) => tokens + seen * tokens * tokens;
        var rows = new List<(ScoringRow, int[])>();
        foreach (var same in Enumerable.Range(0, texts.Count).GroupBy(i => texts[i].Tokens[..texts[i].PromptLength], SameTokens.Comparer))
        {
            var (prefix, open, tokens) = (same.Key.Length, new List<int>(), 0);
            foreach (var place in same)
            {
                var (whole, ending) = (texts[place].Tokens.Length, texts[place].Tokens.Length - prefix);
                if (open.Count > 0 && (tokens + ending > budget || Shared(tokens + ending) - Shared(tokens) > Alone(whole))) Close();
                tokens = open.Count == 0 ? whole : tokens + ending;
                open.Add(place);
            }
            Close();

            void Close()
            {
                var alone = open.Sum(i => texts[i].Tokens.Length);
                if (alone - tokens >= LeastSaved * alone && prefix > 0) rows.Add((new(same.Key, [.. open.Select(i => texts[i].Tokens[prefix..])]), [.. open]));
                else rows.AddRange(open.Select(i => (Of(texts[i]), (int[])[i])));
                open.Clear();
                tokens = 0;
            }
        }
        return rows;
    }

    sealed class SameTokens : IEqualityComparer<int[]>
    {
        public static SameTokens Comparer { get; } = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] tokens)
        {
            HashCode hash = default;
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tokens.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
