namespace Rlhf.Learning.Chat;

/// <summary>A part of a rendered dialogue; trusted is what the template wrote, untrusted what came from the turns.</summary>
public readonly record struct ChatSegment(string Text, bool Trusted);

/// <summary>A rendered dialogue as segments: none is empty, and no two neighbors are of the same kind.</summary>
public sealed record RenderedChat(IReadOnlyList<ChatSegment> Segments)
{
    /// <summary>The dialogue as one string.</summary>
    public string Text => string.Concat(Segments.Select(segment => segment.Text));
}
