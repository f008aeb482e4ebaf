using System.Globalization;
using System.Text;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// Texts as regular expressions must see them: one character for each code point, which .NET's do not see beyond the 16-bit plane.
/// </summary>
static class CodePoints
{
    /// <summary>Patterns may name characters below only; from here on one may stand for another.</summary>
    internal const char FirstStandIn = '\uA600';

    // For each category a character of it: patterns ask for nothing else of characters beyond the 16-bit plane.
    static readonly Dictionary<UnicodeCategory, char> StandIns = Enumerable.Range(FirstStandIn, 0x10000 - FirstStandIn)
        .Select(c => (char)c).Where(c => !char.IsSurrogate(c)).DistinctBy(CharUnicodeInfo.GetUnicodeCategory)
        .ToDictionary(CharUnicodeInfo.GetUnicodeCategory);

    /// <summary>The text with U+FFFD for each half of a surrogate pair that stands alone, as in UTF-8.</summary>
    internal static string WellFormed(string text) => HasSurrogates(text) ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;

    /// <summary>A character for each code point, and, where they are not the same, the place of each in the text (and the text's end).</summary>
    internal static (string Characters, int[]? Places) Shape(string text)
    {
        if (!HasSurrogates(text))
            return (text, null);
        var characters = new StringBuilder(text.Length);
        List<int> places = new(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            places.Add(i);
            characters.Append(char.IsSurrogatePair(text, i) ? StandIns[CharUnicodeInfo.GetUnicodeCategory(text, i++)] : text[i]);
        }
        places.Add(text.Length);
        return (characters.ToString(), [.. places]);
    }

    static bool HasSurrogates(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;
}
