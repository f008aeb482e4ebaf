using System.Collections.Concurrent;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Labeling;

/// <summary>Guidelines to be read: as HTML, one level of headings deeper than in the file, and the names of their sections.</summary>
/// <param name="Html">Made from the file's Markdown; what is HTML in it is shown as text.</param>
public sealed record ReadableGuidelines(GuidelinesVersion Version, string Html, IReadOnlyList<string> Sections);

/// <summary>The guidelines of each axis, <c>AXIS.md</c>, as they stand in their file now.</summary>
sealed class GuidelinesFolder(IReadOnlyList<string> folders)
{
    static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().Build();

    readonly GuidelinesFiles _files = new(folders);
    readonly ConcurrentDictionary<(string Axis, string Version), ReadableGuidelines> _read = new();

    /// <summary>Null for an axis without guidelines.</summary>
    public ReadableGuidelines? Find(string axis)
    {
        if (_files.Find(axis) is not { } found) return null;
        return _read.GetOrAdd((axis, found.Version), _ => Read(found));
    }

    static ReadableGuidelines Read(GuidelinesVersion version)
    {
        var document = Markdig.Markdown.Parse(version.Content, Markdown);
        var headings = document.Descendants<HeadingBlock>().ToList();
        var sections = headings.Where(h => h.Level == 2).Select(h => string.Concat(h.Inline!.Descendants<LiteralInline>().Select(l => l.Content.ToString()))).ToList();
        // The page around them has the first level.
        foreach (var heading in headings) heading.Level = Math.Min(heading.Level + 1, 6);
        return new(version, document.ToHtml(Markdown), sections);
    }
}
