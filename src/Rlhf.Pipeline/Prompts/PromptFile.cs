using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Prompts;

/// <summary>
/// Reads prompts from a file: <c>.txt</c> (one a line), <c>.jsonl</c> and <c>.json</c> of strings, of objects with <c>prompt</c> (or <c>text</c>), or with
/// <c>turns</c> / <c>messages</c>.
/// </summary>
static class PromptFile
{
    /// <exception cref="InvalidDataException">The file can't be read as prompts; names the entry.</exception>
    public static List<IReadOnlyList<Turn>> Read(string name, byte[] content, PromptTake take)
    {
        var entries = Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".txt" => Lines(Text(name, content)).Select(line => (JsonNode)line.Text).ToList(),
            ".jsonl" => [.. Lines(Text(name, content)).Select(line => Parse(line.Text, $"'{name}', line {line.Number},"))],
            ".json" => Parse(Text(name, content), $"'{name}'") is JsonArray array
                ? [.. array.Select((item, i) => item ?? throw new InvalidDataException($"'{name}', entry {i + 1}, is null; expected a prompt."))]
                : throw new InvalidDataException($"'{name}' is no JSON array; expected an array of prompts."),
            var other => throw new InvalidDataException($"'{name}' has the ending '{other}'; expected .txt, .jsonl or .json."),
        };
        if (take == PromptTake.Auto)
            take = Path.GetExtension(name).Equals(".json", StringComparison.OrdinalIgnoreCase) && entries.All(e => e is JsonValue) ? PromptTake.FirstSentence : PromptTake.All;
        var prompts = entries.Select((entry, i) => Turns(entry, $"'{name}', entry {i + 1},", take)).Where(turns => turns.Any(t => t.Text.Length > 0)).ToList();
        return prompts.Count > 0 ? prompts : throw new InvalidDataException($"'{name}' holds no prompt; expected at least one.");
    }

    static IReadOnlyList<Turn> Turns(JsonNode entry, string what, PromptTake take)
    {
        if (entry is JsonValue value && value.GetValueKind() == JsonValueKind.String) return Turn.User(Taken(value.GetValue<string>(), take));
        if (entry is not JsonObject fields) throw new InvalidDataException($"{what} is no text and no object.");
        if ((fields["prompt"] ?? fields["text"]) is JsonValue text && text.GetValueKind() == JsonValueKind.String)
            return Turn.User(Taken(text.GetValue<string>(), take));
        if ((fields["turns"] ?? fields["messages"]) is JsonArray { Count: > 0 } turns)
            return [.. turns.Select(t => t as JsonObject ?? throw new InvalidDataException($"{what} has a turn that is no object.")).Select(t => new Turn(
                String(t["role"]) ?? throw new InvalidDataException($"{what} has a turn without a text 'role'."),
                PromptText.Normalize(String(t["text"] ?? t["content"]) ?? throw new InvalidDataException($"{what} has a turn without a text 'text'."))))];
        throw new InvalidDataException($"{what} has the fields {string.Join(", ", fields.Select(f => f.Key))}; expected 'prompt', 'text', 'turns' or 'messages'.");
    }

    static string Taken(string text, PromptTake take) =>
        take == PromptTake.FirstSentence ? PromptText.FirstSentence(PromptText.Normalize(text)) : PromptText.Normalize(text);

    static string? String(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    static IEnumerable<(string Text, int Number)> Lines(string content) =>
        content.Split('\n').Select((l, i) => (Text: l.Trim(), Number: i + 1)).Where(l => l.Text.Length > 0);

    static string Text(string name, byte[] content)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"'{name}' is no UTF-8 text: {e.Message}", e);
        }
    }

    static JsonNode Parse(string text, string what)
    {
        try
        {
            return JsonNode.Parse(text) ?? throw new InvalidDataException($"{what} is null; expected a prompt.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{what} is no JSON: {e.Message}", e);
        }
    }
}
