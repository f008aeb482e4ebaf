using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>
/// An activity of a type that nobody here knows. To an editor it goes as Elsa's <c>Elsa.NotFoundActivity</c>, with the original in it as text; what
/// comes back is the original again, where it was moved to.
/// </summary>
public static class MissingActivities
{
    public const string Type = "Elsa.NotFoundActivity";

    const string Original = "originalActivityJson";

    /// <summary>The activity as Elsa shows one of a type that it does not know.</summary>
    public static JsonObject Show(JsonObject activity)
    {
        var type = activity["type"]?.ToString() ?? "";
        var shown = new JsonObject { ["missingTypeName"] = type, ["missingTypeVersion"] = 0, [Original] = activity.ToJsonString() };
        foreach (var name in new[] { "id", "nodeId", "name" })
        {
            if (activity[name] is { } value) shown[name] = value.DeepClone();
        }
        (shown["type"], shown["version"], shown["customProperties"]) = (Type, 1, activity["customProperties"]?.DeepClone() ?? new JsonObject());
        var metadata = activity["metadata"]?.DeepClone() as JsonObject ?? [];
        (metadata["displayText"], metadata["description"]) = ($"Not Found: {type}", $"Could not find activity type {type} with version 0");
        shown["metadata"] = metadata;
        return shown;
    }

    /// <summary>A copy in which every shown activity is the original again.</summary>
    public static JsonObject Restore(JsonObject json) => (JsonObject)RestoreNode(json)!;

    static JsonNode? RestoreNode(JsonNode? node) => node switch
    {
        JsonObject json when OriginalOf(json) is { } original => original,
        JsonObject json => new JsonObject(json.Select(m => KeyValuePair.Create(m.Key, RestoreNode(m.Value)))),
        JsonArray list => new JsonArray([.. list.Select(RestoreNode)]),
        _ => node?.DeepClone(),
    };

    static JsonObject? OriginalOf(JsonObject shown)
    {
        if (shown["type"] is not JsonValue type || type.ToString() != Type || shown[Original] is not JsonValue text) return null;
        try
        {
            if (JsonNode.Parse(text.ToString()) is not JsonObject original) return null;
            if (shown["id"] is { } id) original["id"] = id.DeepClone();
            if (shown["metadata"]?["designer"] is not { } designer) return original;
            if (original["metadata"] is not JsonObject metadata) original["metadata"] = metadata = [];
            metadata["designer"] = designer.DeepClone();
            return original;
        }
        catch (JsonException)
        {
            return null; // It stays what was sent.
        }
    }
}
