using System.Text.RegularExpressions;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Python's string methods on texts that keep their marks.</summary>
static partial class TextOperations
{
    internal static MarkedText Upper(Rendering rendering, MarkedText text) =>
        Cased(rendering, text, HasNoUpperLetter, value => value.ToUpperInvariant());

    internal static MarkedText Lower(Rendering rendering, MarkedText text) =>
        Cased(rendering, text, HasNoLowerLetter, value => value.ToLowerInvariant());

    internal static MarkedText Capitalize(Rendering rendering, MarkedText text) => Titled(rendering, text, value =>
        value.Length == 0 ? value : char.ToUpperInvariant(value[0]) + value[1..].ToLowerInvariant());

    /// <summary>The method: what follows anything but a letter becomes upper case.</summary>
    internal static MarkedText Title(Rendering rendering, MarkedText text) => Titled(rendering, text, value => string.Create(value.Length, value, (title, from) =>
    {
        for (var i = 0; i < title.Length; i++)
            title[i] = i > 0 && char.IsLetter(from[i - 1]) ? char.ToLowerInvariant(from[i]) : char.ToUpperInvariant(from[i]);
    }));

    /// <summary>The filter: what follows a blank, a hyphen or an opening bracket becomes upper case.</summary>
    internal static MarkedText TitleFilter(Rendering rendering, MarkedText text) => Titled(rendering, text, value =>
        Word().Replace(value, word => char.ToUpperInvariant(word.ValueSpan[0]) + word.Value[1..].ToLowerInvariant()));

    static MarkedText Titled(Rendering rendering, MarkedText text, Func<string, string> change) =>
        Cased(rendering, text, c => HasNoUpperLetter(c) || HasNoLowerLetter(c), change);

    static MarkedText Cased(Rendering rendering, MarkedText text, Func<char, bool> isUnknown, Func<string, string> change)
    {
        rendering.Spend(text.Length);
        if (text.Value.FirstOrDefault(isUnknown) is > '\0' and var letter)
            throw rendering.Error($"changing the case of '{letter}' is not supported, since it gives several letters or depends on the letters beside it");
        return text.With(change);
    }

    // The letters whose upper case is several letters in Unicode's full mapping, or another one at the beginning of a word.
    static bool HasNoUpperLetter(char c) => c is 'ß' or 'ŉ' or 'ǰ' or 'ΐ' or 'ΰ' or 'և'
        or (>= '\u01C4' and <= '\u01CC') or (>= '\u01F1' and <= '\u01F3') or (>= '\u10D0' and <= '\u10FF')
        or (>= '\u1E96' and <= '\u1E9A') or '\u1F50' or '\u1F52' or '\u1F54' or '\u1F56'
        or (>= '\u1F80' and <= '\u1FFC') or (>= '\uFB00' and <= '\uFB06') or (>= '\uFB13' and <= '\uFB17');

    static bool HasNoLowerLetter(char c) => c is 'İ' or 'Σ';

    internal static MarkedText Replace(Rendering rendering, MarkedText text, MarkedText old, MarkedText by, long count)
    {
        if (old.Length == 0)
            throw rendering.Error("'replace' of an empty string is not supported");
        var result = new MarkedText.Builder(rendering);
        var from = 0;
        for (; count != 0 && Value.IndexOf(rendering, text.Value, old.Value, from) is >= 0 and var at; count--, from = at + old.Length)
            result.Append(text[from..at]).Append(by);
        return from == 0 ? text : result.Append(text[from..text.Length]).Build();
    }

    internal static Sequence Split(Rendering rendering, MarkedText text, MarkedText? separator, long count)
    {
        var parts = new List<object?>();
        rendering.Spend(text.Length);
        if (separator is null)
            SplitAtBlanks(text, count, parts);
        else if (separator.Length == 0)
            throw rendering.Error("'split' needs a separator that is not empty");
        else
        {
            var from = 0;
            for (; count != 0 && Value.IndexOf(rendering, text.Value, separator.Value, from) is >= 0 and var at; count--, from = at + separator.Length)
                parts.Add(text[from..at]);
            parts.Add(text[from..text.Length]);
        }
        rendering.Spend(8L * parts.Count);
        return new(parts);
    }

    static void SplitAtBlanks(MarkedText text, long count, List<object?> parts)
    {
        for (text = text.Trim(left: true, right: false); text.Length > 0; count--)
        {
            var end = 0;
            while (end < text.Length && !MarkedText.IsSpace(text.Value[end]))
                end++;
            if (count == 0)
                end = text.Length;
            parts.Add(text[..end]);
            text = text[end..text.Length].Trim(left: true, right: false);
        }
    }

    internal static MarkedText Join(Rendering rendering, IReadOnlyList<object?> items, MarkedText separator)
    {
        var result = new MarkedText.Builder(rendering);
        for (var i = 0; i < items.Count; i++)
            (i == 0 ? result : result.Append(separator)).Append(Repr.Text(rendering, items[i]));
        return result.Build();
    }

    internal static MarkedText Repeat(Rendering rendering, MarkedText text, long times)
    {
        var result = new MarkedText.Builder(rendering);
        for (var i = 0; i < times && text.Length > 0; i++)
            result.Append(text);
        return result.Build();
    }

    /// <summary>Lines without what ends them, where the text ends a line only if more follows.</summary>
    internal static List<object?> Lines(Rendering rendering, MarkedText text)
    {
        rendering.Spend(text.Length);
        var lines = new List<object?>();
        var from = 0;
        for (var i = 0; i < text.Length; i++)
            if (text.Value[i] is '\n' or '\v' or '\f' or '\r' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029')
            {
                lines.Add(text[from..i]);
                i += text.Value.AsSpan(i).StartsWith("\r\n") ? 1 : 0;
                from = i + 1;
            }
        if (from < text.Length)
            lines.Add(text[from..text.Length]);
        rendering.Spend(8L * lines.Count);
        return lines;
    }

    /// <summary>Every line after the first moved to the right; the first and empty ones only where asked.</summary>
    internal static MarkedText Indent(Rendering rendering, MarkedText text, MarkedText by, bool first, bool blank)
    {
        var lines = Lines(rendering, new MarkedText.Builder(rendering).Append(text).Append("\n").Build());
        var result = new MarkedText.Builder(rendering);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = (MarkedText)lines[i]!;
            if (i > 0)
                result.Append("\n");
            if (i == 0 ? first : blank || line.Length > 0)
                result.Append(by);
            result.Append(line);
        }
        return result.Build();
    }

    [GeneratedRegex(@"[^-\s({\[<]+")]
    private static partial Regex Word();
}
