using System.Globalization;
using Microsoft.VisualBasic.FileIO;
using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Cli.Overoptimization;

/// <summary>Points of a training or of best-of-n as a table with a header: columns <c>kl</c> and <c>gold</c>, <c>weight</c> where there is one, others are passed over.</summary>
static class PointsFile
{
    /// <exception cref="ArgumentException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A column is missing or twice there, or a line is broken; the message names file and line.</exception>
    public static IReadOnlyList<GoldPoint> Read(string file)
    {
        if (!File.Exists(file)) throw new ArgumentException($"There is no file '{file}'; expected a table with the columns kl and gold.");
        var lines = File.ReadLines(file).Index().Where(l => !string.IsNullOrWhiteSpace(l.Item)).Select(l => (Line: l.Index + 1, Fields: Fields(file, l.Index + 1, l.Item))).ToList();
        if (lines.Count == 0) throw new InvalidDataException($"{file} is empty; expected a header with the columns kl and gold, and points below it.");
        var (first, header) = lines[0];
        if (header.GroupBy(c => c, StringComparer.Ordinal).FirstOrDefault(g => g.Key is "kl" or "gold" or "weight" && g.Count() > 1) is { } twice)
            throw new InvalidDataException($"{file}, line {first}: the column '{twice.Key}' is there {twice.Count()} times; expected once.");
        var (kl, gold, weight) = (Column("kl"), Column("gold"), Array.IndexOf(header, "weight"));
        List<GoldPoint> points = [];
        foreach (var (line, fields) in lines.Skip(1))
        {
            if (fields.Length != header.Length) throw new InvalidDataException($"{file}, line {line}: {fields.Length} fields; expected {header.Length}, as in the header.");
            points.Add(new(
                Number(fields[kl], "kl", x => x >= 0, "a number of at least 0"), Number(fields[gold], "gold", _ => true, "a finite number"), null,
                weight < 0 ? null : Number(fields[weight], "weight", x => x > 0, "a number above 0")));

            double Number(string text, string column, Func<double, bool> allowed, string expected) =>
                double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && allowed(number)
                    ? number : throw new InvalidDataException($"{file}, line {line}: '{column}' is '{text}'; expected {expected}.");
        }
        return points;

        int Column(string name) => Array.IndexOf(header, name) is var at && at >= 0 ? at
            : throw new InvalidDataException($"{file}, line {first}: the columns are {string.Join(", ", header)}; expected '{name}' among them{Separated(header)}.");
    }

    static string Separated(string[] header) => header is [var only] && only.IndexOfAny([';', '\t']) >= 0 ? ", and commas between fields" : "";

    static string[] Fields(string file, int line, string text)
    {
        using var parser = new TextFieldParser(new StringReader(text)) { Delimiters = [","], TrimWhiteSpace = true };
        try
        {
            return parser.ReadFields()!;
        }
        catch (MalformedLineException e)
        {
            throw new InvalidDataException($"{file}, line {line}: {text}; expected fields with commas between them, and quotes that are closed.", e);
        }
    }
}
