using System.Globalization;
using System.Text;

namespace Rlhf.Reports.Figures;

/// <summary>The numbers behind a figure (RFC 4180): a name for each column, numbers so that they come back the same, nothing for what is not there.</summary>
public sealed class Csv(params IReadOnlyList<string> columns)
{
    readonly StringBuilder _text = new(string.Join(',', columns) + "\n");

    public Csv Add(params IReadOnlyList<object?> values)
    {
        if (values.Count != columns.Count) throw new ArgumentException($"A row has {values.Count} values; expected {columns.Count} ({string.Join(", ", columns)}).");
        _text.AppendJoin(',', values.Select(Cell)).Append('\n');
        return this;
    }

    public override string ToString() => _text.ToString();

    static string Cell(object? value) => value switch
    {
        null => "",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Quoted($"{value}"),
    };

    // A text that begins like a formula would be one in a spreadsheet.
    static string Quoted(string text)
    {
        if (text.Length > 0 && "=+-@".Contains(text[0], StringComparison.Ordinal)) text = $"'{text}";
        return text.AsSpan().IndexOfAny("\",\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
