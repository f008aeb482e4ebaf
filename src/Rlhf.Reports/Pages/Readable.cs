using System.Globalization;
using System.Text;
using Rlhf.Steps.Data;

namespace Rlhf.Reports.Pages;

/// <summary>Numbers and texts as reports show them, in one culture everywhere.</summary>
public static class Readable
{
    /// <summary>Characters of a prompt or a completion that a report shows.</summary>
    public const int MostCharacters = 4000;

    /// <summary>Three decimals, fewer of large ones; very large and very small ones with four digits. What could not be computed is a dash.</summary>
    public static string Number(double? value) => value is not { } v || !double.IsFinite(v) ? "–" : v.ToString(Math.Abs(v) switch
    {
        0 or (>= 0.0005 and < 10) => "0.###",
        >= 10 and < 100 => "0.##",
        >= 100 and < 10_000 => "0.#",
        _ => "0.###E+0",
    }, CultureInfo.InvariantCulture);

    /// <summary>With a space between thousands.</summary>
    public static string Count(long value) => value.ToString("#,0", Thousands);

    /// <summary>Such as <c>12.5 %</c> of 0.125.</summary>
    public static string Percent(double? share) => share is { } s ? string.Create(CultureInfo.InvariantCulture, $"{100 * s:0.#} %") : "–";

    public static string Interval(double? lower, double? upper) => lower is null || upper is null ? "–" : $"{Number(lower)} to {Number(upper)}";

    /// <summary>Such as <c>0.5 [0.4, 0.6]</c>.</summary>
    public static string Estimate(Estimate estimate) => $"{Number(estimate.Value)} [{Number(estimate.Lower)}, {Number(estimate.Upper)}]";

    /// <summary>Such as <c>1 h 12 min</c> or <c>3.4 s</c>.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 3600 => $"{(int)seconds / 60} min {(int)seconds % 60} s",
        _ => $"{(int)(seconds / 3600)} h {(int)(seconds % 3600) / 60} min",
    };

    /// <summary>The beginning of a long text, with how much is left out.</summary>
    public static string Beginning(string text, int most = MostCharacters)
    {
        if (text.Length <= most) return text;
        // Not between the halves of a character.
        var end = char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;
        return $"{text[..end]} … ({Count(text.Length - end)} characters more)";
    }

    /// <summary>
    /// The text as it can stand in a document and be seen: control characters as their pictures, characters that turn the direction of what follows by
    /// their number, and halves of characters as U+FFFD. Line ends and tabs stay.
    /// </summary>
    public static string Visible(string text)
    {
        if (text.All(c => c is >= ' ' and < '\u007f' or '\n' or '\t')) return text;
        var visible = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\n' or '\t':
                    visible.Append(rune);
                    break;
                case < 0x20:
                    visible.Append((char)(0x2400 + rune.Value));
                    break;
                case 0x7f:
                    visible.Append('\u2421');
                    break;
                case >= 0x80 and < 0xa0 or 0xfffe or 0xffff:
                    visible.Append('\ufffd');
                    break;
                case 0x061c or 0x200e or 0x200f or (>= 0x202a and <= 0x202e) or (>= 0x2066 and <= 0x2069):
                    visible.Append(CultureInfo.InvariantCulture, $"[U+{rune.Value:X4}]");
                    break;
                default:
                    visible.Append(rune);
                    break;
            }
        }
        return visible.ToString();
    }

    static readonly NumberFormatInfo Thousands = new() { NumberGroupSeparator = "\u202f" };
}
