using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Compares an answer with a recorded one: every field that was recorded is there, with a value of the same type.</summary>
static class RecordedShape
{
    /// <summary>What Elsa keeps and nobody asks for: the version of the tool, connections that it took away, and what an HttpEndpoint has.</summary>
    static readonly HashSet<string> Theirs =
    [
        "toolVersion", "notFoundConnections", "authorize", "policy", "exposeRequestTooLargeOutcome", "exposeFileTooLargeOutcome", "exposeInvalidFileExtensionOutcome",
        "exposeInvalidFileMimeTypeOutcome",
    ];

    /// <summary>What is missing or of another type, with its path; where lists differ in length, as far as both go.</summary>
    public static IEnumerable<string> Differences(JsonNode? recorded, JsonNode? ours, string path = "")
    {
        if (recorded is null) yield break; // says nothing of the type
        if (ours is null)
        {
            yield return $"{path} is missing";
            yield break;
        }
        if (KindOf(recorded) != KindOf(ours))
        {
            yield return $"{path} is {KindOf(ours)}, not {KindOf(recorded)}";
            yield break;
        }
        var inner = (recorded, ours) switch
        {
            (JsonObject r, JsonObject o) => r.Where(m => !Theirs.Contains(m.Key)).SelectMany(m => Differences(m.Value, o[m.Key], $"{path}.{m.Key}")),
            (JsonArray { Count: > 0 }, JsonArray { Count: 0 }) => [$"{path} is empty"],
            (JsonArray r, JsonArray o) => Pairs(r, o).SelectMany((pair, i) => Differences(pair.Recorded, pair.Ours, $"{path}[{i}]")),
            _ => [],
        };
        foreach (var difference in inner) yield return difference;
    }

    /// <summary>Activities by id, definitions by theirs, and anything else by its place.</summary>
    static IEnumerable<(JsonNode? Recorded, JsonNode? Ours)> Pairs(JsonArray recorded, JsonArray ours)
    {
        var name = recorded.FirstOrDefault() is not JsonObject first ? null : first["definitionId"] is not null ? "definitionId" : first["type"] is not null && first["id"] is not null ? "id" : null;
        if (name is null) return recorded.Zip(ours);
        return recorded.Select(r => (r, ours.FirstOrDefault(o => $"{o?[name]}" == $"{r?[name]}"))).Where(p => p.Item2 is not null);
    }

    /// <summary>The JSON of a recording that may have been cut off: as far as it goes.</summary>
    public static JsonNode? Parse(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), isFinalBlock: false, default);
        JsonNode? root = null;
        var (open, names) = (new Stack<JsonNode>(), new Stack<string>());
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
                {
                    open.Pop();
                    continue;
                }
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    names.Push(reader.GetString()!);
                    continue;
                }
                JsonNode? value = reader.TokenType switch
                {
                    JsonTokenType.StartObject => new JsonObject(),
                    JsonTokenType.StartArray => new JsonArray(),
                    JsonTokenType.String => JsonValue.Create(reader.GetString()),
                    JsonTokenType.Number => JsonValue.Create(reader.GetDouble()),
                    JsonTokenType.True => JsonValue.Create(true),
                    JsonTokenType.False => JsonValue.Create(false),
                    _ => null,
                };
                if (open.TryPeek(out var parent) && parent is JsonObject json) json[names.Pop()] = value;
                else if (parent is JsonArray list) list.Add(value);
                else root = value;
                if (value is JsonObject or JsonArray) open.Push(value);
            }
        }
        catch (JsonException)
        {
            // Cut off.
        }
        return root;
    }

    static string KindOf(JsonNode node) => node.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? "Boolean" : $"{node.GetValueKind()}";
}
