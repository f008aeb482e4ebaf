using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Server.Tests.Elsa.Replay;

/// <summary>
/// Whether an answer has everything that a recorded one has, with the same types. Of a list, each recorded item needs one that is like it; what is recorded as null
/// may be missing; values are not compared. Of what a server offers (activities, features, words), that which only Elsa's has is left out.
/// </summary>
static class Likeness
{
    /// <summary>What only Elsa's own engine has a use for: Studio shows none of it.</summary>
    static readonly HashSet<string> Engine =
    [
        "callbackMethodName", "stackTrace", "innerException", "FlowScope", "completionCallbacks", "customProperties", "constructionProperties", "_type", "notFoundConnections",
        "providerName", "toolVersion",
        // What the recorded server's own activities kept.
        "ok", "jobId",
    ];

    /// <summary>By which the same thing is found in both lists.</summary>
    static readonly string[] Keys = ["subStatus", "definitionId", "nodeId", "activityNodeId", "scheduledActivityNodeId", "rel", "name", "typeName", "type"];

    /// <summary>Lists of what a server offers.</summary>
    static readonly string[] Offers = ["/descriptors/", "/features/"];

    /// <summary>The first difference in words, or null.</summary>
    public static string? Difference(JsonNode? recorded, JsonNode? ours, string request, string where = "$")
    {
        if (recorded is null) return null;
        if (ours is null) return $"{where} is null, not {KindOf(recorded)}";
        if (KindOf(recorded) != KindOf(ours)) return $"{where} is {KindOf(ours)}, not {KindOf(recorded)}";
        return (recorded, ours) switch
        {
            (JsonObject a, JsonObject b) => a.Where(m => m.Value is not null && !Engine.Contains(m.Key))
                .Select(m => b.ContainsKey(m.Key) ? Difference(m.Value, b[m.Key], request, $"{where}.{m.Key}") : $"{where}.{m.Key} is missing").FirstOrDefault(d => d is not null),
            (JsonArray a, JsonArray b) => a.Select((item, i) => OfItem(item, b, request, $"{where}[{i}]")).FirstOrDefault(d => d is not null),
            _ => null,
        };
    }

    static string? OfItem(JsonNode? recorded, JsonArray ours, string request, string where)
    {
        var key = recorded is JsonObject item ? Keys.FirstOrDefault(item.ContainsKey) : null;
        var like = ours.Where(o => key is null || $"{o![key]}" == $"{recorded![key]}").ToList();
        if (like.Count == 0 && key is not null && Offers.Any(o => request.Contains(o, StringComparison.Ordinal))) return null;
        // An instance of another definition, or a definition that only the recorded server had, is like any other one.
        if (like.Count == 0 && key is "definitionId") like = [.. ours];
        if (like.Count == 0) return $"{where}{(key is null ? "" : $" ({key} {recorded![key]})")} is missing";
        var differences = like.Select(o => Difference(recorded, o, request, where)).ToList();
        return differences.Contains(null) ? null : differences[0];
    }

    static string KindOf(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.True or JsonValueKind.False => "Boolean",
        var kind => kind.ToString(),
    };
}
