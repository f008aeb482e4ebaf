using System.Globalization;
using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Experiments;

/// <summary>Numbers as the tables have them.</summary>
static class Figures
{
    // Student's two-sided 95 % quantile for 1 to 9 degrees of freedom.
    static readonly double[] Few = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

    /// <summary>Mean over seeds with Student's 95 % interval.</summary>
    /// <param name="values">One a seed.</param>
    public static string Mean(IReadOnlyCollection<double> values, string format = "0.000")
    {
        if (values.Count < 2) return values.Count == 1 ? $"{Text(values.First(), format)} (one seed)" : "none";
        var mean = values.Average();
        var half = Student(values.Count - 1) * Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count);
        return $"{Text(mean, format)} [{Text(mean - half, format)}, {Text(mean + half, format)}]";
    }

    /// <summary>Beyond the table by the expansion of Abramowitz and Stegun 26.7.5, which is off by less than 0.001 there.</summary>
    static double Student(int freedom)
    {
        if (freedom <= Few.Length) return Few[freedom - 1];
        const double z = 1.959964;
        double n = freedom;
        return z + (Math.Pow(z, 3) + z) / (4 * n) + (5 * Math.Pow(z, 5) + 16 * Math.Pow(z, 3) + 3 * z) / (96 * n * n)
            + (3 * Math.Pow(z, 7) + 19 * Math.Pow(z, 5) + 17 * Math.Pow(z, 3) - 15 * z) / (384 * n * n * n);
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
