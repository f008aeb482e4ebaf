namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// Trains a byte-level BPE (Sennrich et al. 2016): the most frequent pair of neighbors within words becomes a piece, again and again.
/// </summary>
/// <remarks>
/// Plain and deterministic: of equally frequent pairs the first in ordinal order wins. Each merge looks at all pairs, so it is for small
/// vocabularies.
/// </remarks>
public static class BpeTrainer
{
    static readonly SpecialTokens Special = new(Bos: "<bos>", Eos: "<eos>", Pad: "<pad>");

    /// <summary>Smallest vocabulary: three special tokens and 256 bytes.</summary>
    public const int SmallestVocabulary = 3 + 256;

    /// <summary>
    /// A tokenizer of exactly <paramref name="vocabularySize"/> tokens: <c>&lt;pad&gt;</c>, <c>&lt;bos&gt;</c>, <c>&lt;eos&gt;</c>, 256
    /// bytes, then merges.
    /// </summary>
    /// <exception cref="ArgumentException">The size is below <see cref="SmallestVocabulary"/>.</exception>
    /// <exception cref="InvalidDataException">The texts have too few different words for so many pieces.</exception>
    public static ByteLevelBpeTokenizer Train(IEnumerable<string> texts, int vocabularySize)
    {
        if (vocabularySize < SmallestVocabulary)
            throw new ArgumentException(
                $"A vocabulary of {vocabularySize} tokens was asked for, but at least {SmallestVocabulary} were expected.");
        List<string> pieces = [Special.Pad, Special.Bos, Special.Eos, .. ByteAlphabet.All.ToArray().Select(c => c.ToString())];
        var known = pieces.ToHashSet();
        var words = new WordPairs(Words(texts));
        List<string> merges = [];
        while (pieces.Count < vocabularySize)
        {
            var (left, right) = words.MostFrequent() ?? throw new InvalidDataException(
                $"The texts give a vocabulary of only {pieces.Count} tokens, but {vocabularySize} were asked for: give more text or ask for fewer.");
            words.Merge(left, right);
            merges.Add($"{left} {right}");
            // Two ways of merging can give one piece; it takes one id.
            if (known.Add(left + right))
                pieces.Add(left + right);
        }
        return new(new BpeFiles(pieces.Index().ToDictionary(p => p.Item, p => p.Index), merges, Special));
    }

    static Dictionary<string, long> Words(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, long>();
        foreach (var text in texts)
            foreach (var (start, length) in WordSplitter.Gpt2.Words(text))
            {
                var word = ByteAlphabet.FromText(text.AsSpan(start, length));
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        return counts;
    }
}
