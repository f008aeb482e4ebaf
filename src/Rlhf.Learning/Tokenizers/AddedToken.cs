using System.Buffers;

namespace Rlhf.Learning.Tokenizers;

/// <summary>A token beside the pieces of the BPE.</summary>
/// <param name="Text">How templates spell it.</param>
/// <param name="Id">Its id.</param>
/// <param name="Special">Whether it stands for no text.</param>
/// <param name="StripsLeft">Whether it takes the white space before it.</param>
/// <param name="StripsRight">Whether it takes the white space after it.</param>
/// <param name="Late">Whether it is looked for only between those that are not late, as the Hub's normalized tokens are.</param>
sealed record AddedToken(string Text, int Id, bool Special, bool StripsLeft = false, bool StripsRight = false, bool Late = false)
{
    /// <summary>
    /// Whether plain text may give it: runs of white space control nothing. All others need trusted text, tokens that do stand for text
    /// (such as Qwen's <c>&lt;tool_call&gt;</c>) included.
    /// </summary>
    internal bool Plain { get; } = !Special && Text.All(char.IsWhiteSpace);
}

/// <summary>Finds the leftmost of some added tokens, and the longest there.</summary>
sealed class AddedTokenFinder
{
    readonly SearchValues<string> _texts;
    readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _tokens;
    readonly int[] _lengths;

    internal AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        var byText = tokens.ToDictionary(t => t.Text);
        _texts = SearchValues.Create([.. byText.Keys], StringComparison.Ordinal);
        _tokens = byText.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = [.. byText.Keys.Select(t => t.Length).Distinct().OrderDescending()];
    }

    internal (int Start, AddedToken Token)? Next(ReadOnlySpan<char> text)
    {
        var start = text.IndexOfAny(_texts);
        if (start < 0)
            return null;
        foreach (var length in _lengths)
            if (start + length <= text.Length && _tokens.TryGetValue(text.Slice(start, length), out var token))
                return (start, token);
        throw new InvalidOperationException("A token was found that is none of those looked for.");
    }
}
