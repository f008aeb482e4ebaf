using System.Text.RegularExpressions;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Imports;

/// <summary>One side of a pair: a dialogue that ends with what was judged.</summary>
/// <param name="Turns">All turns, normalized as prompts are.</param>
/// <param name="From">What stands from a turn on, as it was written; null where it is not one answer.</param>
sealed partial record Dialogue(IReadOnlyList<Turn> Turns, Func<int, string?> From)
{
    /// <summary>
    /// A transcript such as <c>Human: …</c>, blank line, <c>Assistant: …</c>; null where the text is none. What an answer has of such turns itself
    /// belongs to the answer.
    /// </summary>
    public static Dialogue? Transcript(string text)
    {
        var markers = Marker().Matches(text).ToList();
        if (markers.Count == 0 || text[..markers[0].Index].Trim().Length > 0) return null;
        var turns = markers.Select((marker, i) => new Turn(
            marker.Groups["who"].Value == "Human" ? "user" : "assistant",
            PromptText.Normalize(text[End(marker)..(i + 1 < markers.Count ? markers[i + 1].Index : text.Length)]))).ToList();
        return new(turns, first => turns[first].Role == "assistant" ? text[End(markers[first])..].Trim() : null);

        static int End(Match marker) => marker.Index + marker.Length;
    }

    /// <param name="messages">Role and content; at least one.</param>
    public static Dialogue Messages(IReadOnlyList<Turn> messages) => new(
        [.. messages.Select(m => m with { Text = PromptText.Normalize(m.Text) })],
        first => first == messages.Count - 1 && messages[first].Role == "assistant" ? messages[first].Text : null);

    /// <summary>The turns before the answers, which both sides share, and the answers; null where the sides are no two answers to the same turns.</summary>
    public static (IReadOnlyList<Turn> Shared, string Chosen, string Rejected)? Split(Dialogue chosen, Dialogue rejected)
    {
        var most = Math.Min(chosen.Turns.Count, rejected.Turns.Count) - 1;
        var shared = Enumerable.Range(0, most).TakeWhile(i => chosen.Turns[i] == rejected.Turns[i]).Count();
        return chosen.From(shared) is { } better && rejected.From(shared) is { } worse ? ([.. chosen.Turns.Take(shared)], better, worse) : null;
    }

    [GeneratedRegex(@"(?:\A\s*|\n\n)(?<who>Human|Assistant):")]
    private static partial Regex Marker();
}
