using System.Text.RegularExpressions;

namespace Rlhf.Learning.Tokenizers;

/// <summary>One division of words into smaller ones by a pattern.</summary>
/// <param name="Pattern">Runs over the shape of <see cref="CodePoints"/>.</param>
/// <param name="Matches">Whether what matches is kept, as words of their own.</param>
/// <param name="Gaps">Whether what stands between matches is kept, likewise.</param>
sealed record WordSplit(Regex Pattern, bool Matches = true, bool Gaps = true);

/// <summary>Divides a text into words, whose borders no piece crosses.</summary>
/// <param name="splits">Done one after the other, each within the words of the one before.</param>
sealed partial class WordSplitter(IReadOnlyList<WordSplit> splits)
{
    internal static WordSplitter Gpt2 { get; } = new([new(Gpt2Words())]);

    /// <summary>Starts and lengths of the words, in order.</summary>
    /// <exception cref="InvalidDataException">A pattern is made so that it does not come to an end.</exception>
    internal IReadOnlyList<(int Start, int Length)> Words(string text)
    {
        if (splits.Count == 0)
            return [(0, text.Length)];
        var (characters, places) = CodePoints.Shape(text);
        List<(int Start, int Length)> words = [(0, characters.Length)];
        foreach (var split in splits)
        {
            List<(int, int)> smaller = new(words.Count);
            try
            {
                foreach (var (start, length) in words)
                    Split(split, characters.AsSpan(start, length), start, smaller);
            }
            catch (RegexMatchTimeoutException e)
            {
                throw new InvalidDataException($"The tokenizer's pattern '{e.Pattern}' takes more than {e.MatchTimeout.TotalSeconds} s for a word.", e);
            }
            words = smaller;
        }
        return places is null ? words : [.. words.Select(w => (places[w.Start], places[w.Start + w.Length] - places[w.Start]))];
    }

    static void Split(WordSplit split, ReadOnlySpan<char> word, int offset, List<(int Start, int Length)> words)
    {
        var end = 0;
        foreach (var match in split.Pattern.EnumerateMatches(word))
        {
            if (match.Length == 0)
                continue;
            if (split.Gaps && match.Index > end)
                words.Add((offset + end, match.Index - end));
            if (split.Matches)
                words.Add((offset + match.Index, match.Length));
            end = match.Index + match.Length;
        }
        if (split.Gaps && word.Length > end)
            words.Add((offset + end, word.Length - end));
    }

    /// <summary>GPT-2's words (Radford et al. 2019).</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    internal static partial Regex Gpt2Words();

    /// <summary>Single digits of any script.</summary>
    [GeneratedRegex(@"\p{N}")]
    internal static partial Regex EachDigit();

    /// <summary>Numbers of any script.</summary>
    [GeneratedRegex(@"\p{N}+")]
    internal static partial Regex Digits();

    /// <summary>SentencePiece's words, each with the mark that begins it.</summary>
    [GeneratedRegex("▁[^▁]*|[^▁]+")]
    internal static partial Regex MarkedWords();
}
