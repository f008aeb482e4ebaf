using System.Text;
using System.Xml.Linq;

namespace Rlhf.Reports.Figures;

/// <summary>A picture with the numbers behind it.</summary>
/// <param name="Name">Of its files, such as <c>ppo-kl</c>.</param>
/// <param name="Alternative">For whoever does not see it.</param>
/// <param name="Caption">What is shown, and what was left out.</param>
/// <param name="Svg">The picture.</param>
/// <param name="Numbers">As CSV with a head line; null where there are none.</param>
public sealed record Figure(string Name, string Alternative, string Caption, string Svg, string? Numbers)
{
    /// <summary>Both in the page itself.</summary>
    public XElement ToElement() => new(
        "figure", new XElement("img", new XAttribute("alt", Alternative), new XAttribute("src", Data("image/svg+xml", Svg))),
        new XElement("figcaption", Caption, Numbers is null ? null : new[] { (object)" ", Link($"{Name}.csv", Numbers) }));

    /// <summary>The numbers, to be saved.</summary>
    public static XElement Link(string file, string numbers) => new(
        "a", new XAttribute("class", "csv"), new XAttribute("download", file), new XAttribute("href", Data("text/csv;charset=utf-8", numbers)), $"Numbers (CSV, {RowsOf(numbers)})");

    static string RowsOf(string numbers) => numbers.Count(c => c == '\n') - 1 is var rows && rows == 1 ? "1 row" : $"{rows} rows";

    /// <summary>An address that holds its content.</summary>
    public static string Data(string type, string content) => $"data:{type};base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(content))}";
}
