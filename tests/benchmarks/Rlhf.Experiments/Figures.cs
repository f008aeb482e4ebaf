using System.Globalization;
using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Experiments;

/// <summary>Numbers as the tables have them.</summary>
static class Figures
{
    // Student's two-sided 95 % quantile for 1 to 9 degrees of freedom.
    static readonly double[] Student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

    /// <summary>Mean over seeds with Student's 95 % interval.</summary>
    /// <param name="values">One a seed, 2 to 10.</param>
    public static string Mean(IReadOnlyCollection<double> values, string format = "0.000")
    {
        if (values.Count is < 2 or > 10) return values.Count == 1 ? $"{Text(values.First(), format)} (one seed)" : "none";
        var mean = values.Average();
        var half = Student[values.Count - 2] * Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
        return $"{Text(mean, format)} [{Text(mean - half, format)}, {Text(mean + half, format)}]";
    }

    public static string With(Interval figure) => $"{Text(figure.Value, "0.00")} [{Text(figure.Lower, "0.00")}, {Text(figure.Upper, "0.00")}]";

    public static string Text(double value, string format = "0.000") => value.ToString(format, CultureInfo.InvariantCulture);

    public static void Row(params string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");

    public static void Head(params string[] cells)
    {
        Console.WriteLine();
        Row(cells);
        Console.WriteLine($"|{string.Concat(cells.Select(_ => "---|"))}");
    }
}
