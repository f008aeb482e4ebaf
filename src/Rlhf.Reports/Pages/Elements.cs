using System.Xml.Linq;

namespace Rlhf.Reports.Pages;

/// <summary>Parts of a page. Texts are escaped where the document is written, by what writes it.</summary>
static class Elements
{
    /// <summary>A part with a heading; what is null is left out.</summary>
    public static XElement Section(string id, string title, params IEnumerable<object?> content) =>
        new("section", new XAttribute("id", id), new XElement("h2", title), content);

    public static XElement Paragraph(params object?[] content) => new("p", content);

    /// <summary>What has to be known before the figures are read.</summary>
    public static XElement Message(params object?[] content) => new("p", Class("message"), content);

    /// <summary>Why something is not there.</summary>
    public static XElement Absent(string sentence) => new("p", Class("absent"), sentence);

    public static XElement Code(object content) => new("code", content);

    public static XAttribute Class(string name) => new("class", name);

    /// <summary>A few figures, large.</summary>
    public static XElement Figures(params IEnumerable<(string Name, object Value)> figures) =>
        new("dl", Class("figures"), figures.Select(f => new XElement("div", new XElement("dt", f.Name), new XElement("dd", f.Value))));

    /// <summary>Rows of texts, numbers (to the right, read as numbers), and elements; null is a dash.</summary>
    public static XElement Table(string caption, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<object?>> rows)
    {
        var cells = rows.ToList();
        bool IsNumber(int column) => cells.Any(r => r[column] is double or int or long) && cells.All(r => r[column] is null or double or int or long or XElement { Name.LocalName: "bdi" });
        var numbers = columns.Select((_, c) => IsNumber(c)).ToList();
        return new("div", Class("wide"), new XAttribute("role", "region"), new XAttribute("tabindex", "0"), new XAttribute("aria-label", caption), new XElement(
            "table", new XElement("caption", caption),
            new XElement("thead", new XElement("tr", columns.Select((name, c) => new XElement("th", new XAttribute("scope", "col"), numbers[c] ? Class("number") : null, name)))),
            new XElement("tbody", cells.Select(row => new XElement("tr", row.Select((cell, c) => new XElement("td", numbers[c] ? Class("number") : null, Shown(cell))))))));
    }

    /// <summary>What opens when it is asked for.</summary>
    public static XElement Details(string summary, params IEnumerable<object?> content) => new("details", new XElement("summary", summary), content);

    static object Shown(object? cell) => cell switch
    {
        null => "–",
        double number => Readable.Number(number),
        int or long => Readable.Count(Convert.ToInt64(cell, null)),
        _ => cell,
    };
}
