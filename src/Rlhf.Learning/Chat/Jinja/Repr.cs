using System.Globalization;
using System.Text;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Values as Python prints them: str(value), and repr(value) inside of lists and mappings.</summary>
static class Repr
{
    internal static MarkedText Text(Rendering rendering, object? value) => value switch
    {
        MarkedText text => text,
        Undefined => MarkedText.Empty,
        _ => Build(rendering, value),
    };

    static MarkedText Build(Rendering rendering, object? value)
    {
        var text = new MarkedText.Builder(rendering);
        Write(rendering, text, value);
        return text.Build();
    }

    static void Write(Rendering rendering, MarkedText.Builder text, object? value)
    {
        rendering.Enter();
        switch (value)
        {
            case null or bool or long or double:
                text.Append(Scalar(value));
                break;
            case Undefined:
                text.Append("Undefined");
                break;
            case MarkedText part:
                WriteString(text, part);
                break;
            case Sequence { Kind: SequenceKind.List } list:
                WriteItems(rendering, text.Append("["), list.Items).Append("]");
                break;
            case Sequence { Kind: SequenceKind.Tuple } tuple:
                WriteItems(rendering, text.Append("("), tuple.Items).Append(tuple.Length == 1 ? ",)" : ")");
                break;
            case Mapping mapping:
                WritePairs(rendering, text, mapping);
                break;
            default:
                throw rendering.Error($"{Value.Kind(value)} cannot be printed");
        }
        rendering.Leave();
    }

    static MarkedText.Builder WriteItems(Rendering rendering, MarkedText.Builder text, IReadOnlyList<object?> items)
    {
        for (var i = 0; i < items.Count; i++)
            Write(rendering, i == 0 ? text : text.Append(", "), items[i]);
        return text;
    }

    static void WritePairs(Rendering rendering, MarkedText.Builder text, Mapping mapping)
    {
        text.Append("{");
        var between = "";
        foreach (var (key, value) in mapping.Pairs)
        {
            Write(rendering, text.Append(between), key);
            Write(rendering, text.Append(": "), value);
            between = ", ";
        }
        text.Append("}");
    }

    internal static string Scalar(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        double number => Float(number),
        _ => ((long)value).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The shortest digits that give the number again; with an exponent below 1e-4 and from 1e16 on.</summary>
    static string Float(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        var shortest = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits < 16; digits++)
            if (double.Parse(number.ToString($"E{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) == number)
            {
                shortest = number.ToString($"E{digits}", CultureInfo.InvariantCulture);
                break;
            }
        var (mantissa, exponent) = (shortest[..shortest.IndexOf('E')], int.Parse(shortest[(shortest.IndexOf('E') + 1)..], CultureInfo.InvariantCulture));
        if (exponent is < -4 or >= 16)
            return $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        var decimals = Math.Max(1, Math.Max(0, mantissa.TrimStart('-').Length - 2) - exponent);
        return number.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    static void WriteString(MarkedText.Builder text, MarkedText part)
    {
        var quote = part.Value.Contains('\'') && !part.Value.Contains('"') ? '"' : '\'';
        text.Append(quote.ToString());
        foreach (var start in part.CharacterStarts())
        {
            var character = part.CharacterAt(start);
            text.Append(Escape(character.Value, quote) is { } escaped ? character.Rewritten(escaped) : character);
        }
        text.Append(quote.ToString());
    }

    static string? Escape(string character, char quote)
    {
        if (character is "\\" || character[0] == quote)
            return "\\" + character;
        if (character is "\n" or "\r" or "\t")
            return character is "\n" ? "\\n" : character is "\r" ? "\\r" : "\\t";
        var code = character.Length == 2 ? char.ConvertToUtf32(character[0], character[1]) : character[0];
        return IsPrintable(code) ? null : code < 0x100 ? $"\\x{code:x2}" : code < 0x10000 ? $"\\u{code:x4}" : $"\\U{code:x8}";
    }

    static bool IsPrintable(int code) => code == ' ' || CharUnicodeInfo.GetUnicodeCategory(code)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
