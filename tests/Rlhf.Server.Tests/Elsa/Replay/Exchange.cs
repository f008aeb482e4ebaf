using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Replay;

/// <summary>What a client of a real Elsa server sent, and what it was answered.</summary>
/// <param name="Path">Without the query.</param>
/// <param name="Query">Empty, or with its question mark.</param>
sealed record Exchange(int Number, string Label, string Method, string Path, string Query, string Body, int Status, string? Type, string Answer)
{
    /// <summary>True where the recording's own proxy answered, to see what happens without an endpoint.</summary>
    public bool IsBlocked { get; init; }

    public JsonNode? Json => Type is { } type && type.Contains("json", StringComparison.Ordinal) && Answer.Length > 0 ? JsonNode.Parse(Answer) : null;

    public override string ToString() => $"#{Number} ({Label}) {Method} {Path}{Query}";

    /// <summary>Everything that Studio sent while it was recorded; the test is skipped where the recording is not beside the repository.</summary>
    public static IReadOnlyList<Exchange> OfStudio() => [.. File.ReadLines(Recording("studio", "traffic.jsonl")).Select((line, number) =>
    {
        var json = JsonNode.Parse(line)!;
        string Text(string name) => json[name]?.GetValue<string>() ?? "";
        return new Exchange(number, Text("label"), Text("method"), Text("path"), Text("query"), Text("requestBody"), json["status"]!.GetValue<int>(), json["responseType"]?.GetValue<string>(), Text("responseBody"))
        {
            IsBlocked = json["blocked"] is not null,
        };
    })];

    /// <summary>An exchange that stands in a file of its own: its first line, a body, the status, the answer.</summary>
    public static Exchange Of(string name)
    {
        var text = File.ReadAllText(Recording("rest", $"{name}.md"));
        var head = text[2..text.IndexOf('\n', StringComparison.Ordinal)].Split(' ', 2);
        var (path, query) = head[1].IndexOf('?', StringComparison.Ordinal) is > 0 and var mark ? (head[1][..mark], head[1][mark..]) : (head[1], "");
        var status = text.IndexOf("\nStatus ", StringComparison.Ordinal);
        string Block(string part) => part.IndexOf("```json\n", StringComparison.Ordinal) is >= 0 and var begin ? part[(begin + 8)..part.IndexOf("\n```", begin + 7, StringComparison.Ordinal)].Trim() : "";
        var type = System.Text.RegularExpressions.Regex.Match(text, "\"Content-Type\": \"([^\"]+)\"");
        return new(0, name, head[0], path, query, Block(text[..status]), int.Parse(text.AsSpan(status + 8, 3), System.Globalization.CultureInfo.InvariantCulture), type.Success ? type.Groups[1].Value : null,
            // Too long for its own file, where it breaks off.
            name == "desc-activities" ? File.ReadAllText(Recording("activity-descriptors-full.json")) : Block(text[status..]));
    }

    static string Recording(params string[] parts)
    {
        var file = System.IO.Path.Combine([Place.Repository, "..", "shared", "elsa", .. parts]);
        if (!File.Exists(file)) Assert.Skip($"Elsa's recording {string.Join('/', parts)} is not beside the repository.");
        return file;
    }
}
