using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Rlhf.Reports.Pages;

/// <summary>
/// A page in one file that asks for nothing: its style and its pictures are in it, it has no script, and its own policy lets a browser load nothing else.
/// </summary>
public static class Document
{
    static readonly HashSet<string> Void = ["br", "img", "hr", "meta", "link", "col"];

    static readonly string Style = ReadStyle();

    /// <summary>What the page may load: pictures that are in it, and this very style.</summary>
    public static string ContentPolicy { get; } =
        $"default-src 'none'; img-src data:; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'";

    /// <summary>UTF-8; the same bytes for the same title and content.</summary>
    /// <param name="title">Of the page.</param>
    /// <param name="content">Elements of the body; they are changed where they could not stand in HTML.</param>
    public static byte[] Write(string title, IEnumerable<XElement> content)
    {
        var body = new XElement("body", new XElement("main", content));
        foreach (var text in body.DescendantNodes().OfType<XText>()) text.Value = Readable.Visible(text.Value);
        foreach (var attribute in body.Descendants().Attributes()) attribute.Value = Readable.Visible(attribute.Value);
        // <td /> would be a start tag in HTML.
        foreach (var empty in body.DescendantsAndSelf().Where(e => e.IsEmpty && !Void.Contains(e.Name.LocalName))) empty.Add("");
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n");
        html.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"").Append(ContentPolicy).Append("\" />\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n<meta name=\"referrer\" content=\"no-referrer\" />\n<meta name=\"color-scheme\" content=\"light dark\" />\n");
        html.Append(new XElement("title", Readable.Visible(title))).Append("\n<style>").Append(Style).Append("</style>\n</head>\n");
        using (var writer = XmlWriter.Create(html, new() { OmitXmlDeclaration = true, ConformanceLevel = ConformanceLevel.Fragment, NewLineHandling = NewLineHandling.None }))
            body.WriteTo(writer);
        return Encoding.UTF8.GetBytes(html.Append("\n</html>\n").ToString());
    }

    static string ReadStyle()
    {
        using var stream = typeof(Document).Assembly.GetManifestResourceStream("report.css") ?? throw new InvalidOperationException("The program was built without 'report.css'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
