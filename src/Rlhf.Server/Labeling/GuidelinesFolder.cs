using System.Collections.Concurrent;
using Markdig;
using Markdig.Renderers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Labeling;

/// <summary>Guidelines to be read: as HTML, one level of headings deeper than in the file, and the names of their sections.</summary>
/// <param name="Html">Made from the file's Markdown; what is HTML in it is shown as text. The worked examples are in an element of the class <c>worked</c>.</param>
/// <param name="Examples">Those that a labeler answers before the first question; where there are none, nobody has to qualify.</param>
public sealed record ReadableGuidelines(GuidelinesVersion Version, string Html, IReadOnlyList<string> Sections, IReadOnlyList<WorkedExample> Examples);

/// <summary>The guidelines of each axis, <c>AXIS.md</c>, as they stand in their file now.</summary>
sealed class GuidelinesFolder(IReadOnlyList<string> folders)
{
    // A section of the file, one level deeper on the page.
    const int TopLevel = 3;

    static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().Build();

    readonly GuidelinesFiles _files = new(folders);
    readonly ConcurrentDictionary<(string Axis, string Version), ReadableGuidelines> _read = new();

    /// <summary>The version of today; null for an axis without guidelines.</summary>
    public string? VersionOf(string axis) => _files.Find(axis)?.Version;

    /// <summary>Null for an axis without guidelines.</summary>
    /// <exception cref="InvalidOperationException">A worked example is broken; nobody is asked by such guidelines until they are mended.</exception>
    public ReadableGuidelines? Find(string axis)
    {
        if (_files.Find(axis) is not { } found) return null;
        return _read.GetOrAdd((axis, found.Version), _ => Read(found));
    }

    static ReadableGuidelines Read(GuidelinesVersion version)
    {
        var document = Markdig.Markdown.Parse(version.Content, Markdown);
        var headings = document.Descendants<HeadingBlock>().ToList();
        var sections = headings.Where(h => h.Level == 2).Select(TextOf).ToList();
        // The page around them has the first level.
        foreach (var heading in headings) heading.Level = Math.Min(heading.Level + 1, 6);
        return new(version, HtmlOf(document), sections, Examples(version));
    }

    static string HtmlOf(MarkdownDocument document)
    {
        using var writer = new StringWriter();
        var renderer = new HtmlRenderer(writer);
        Markdown.Setup(renderer);
        var isWorked = false;
        foreach (var block in document)
        {
            if (block is HeadingBlock { Level: <= TopLevel } heading)
            {
                if (isWorked) writer.Write("</div>");
                isWorked = heading.Level == TopLevel && TextOf(heading) == WorkedExamples.Section;
                if (isWorked) writer.Write("<div class=\"worked\">");
            }
            renderer.Render(block);
        }
        if (isWorked) writer.Write("</div>");
        return writer.ToString();
    }

    static IReadOnlyList<WorkedExample> Examples(GuidelinesVersion version)
    {
        try
        {
            return WorkedExamples.Of(version);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidOperationException($"The guidelines have to be mended: {e.Message}", e);
        }
    }

    static string TextOf(HeadingBlock heading) => string.Concat(heading.Inline!.Descendants<LiteralInline>().Select(l => l.Content.ToString()));
}
