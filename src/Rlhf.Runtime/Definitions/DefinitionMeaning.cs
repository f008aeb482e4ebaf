using System.Text.Json.Nodes;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// The hash of what a definition says: the file without what a server adds (ids of versions, times, flags), without the designer's
/// positions, and without the nulls, falses and empty lists that Elsa writes where nothing was set.
/// </summary>
internal static class DefinitionMeaning
{
    static readonly HashSet<string> ServerOwned =
        ["$schema", "id", "createdAt", "version", "toolVersion", "isReadonly", "isSystem", "isLatest", "isPublished", "links"];

    static readonly HashSet<string> Designer = ["metadata", "nodeId", "vertices", "notFoundConnections"];

    /// <summary>Lowercase hexadecimal SHA-256.</summary>
    /// <exception cref="InvalidDataException">The text is no JSON object.</exception>
    public static string Hash(string json, string source)
    {
        var top = CanonicalJson.Deserialize<JsonObject>(System.Text.Encoding.UTF8.GetBytes(json), source);
        foreach (var name in ServerOwned) top.Remove(name);
        return CanonicalJson.Hash(Reduce(top));
    }

    static JsonNode? Reduce(JsonNode? node) => node switch
    {
        JsonObject o => ReduceObject(o),
        JsonArray { Count: 0 } => null,
        JsonArray a => new JsonArray([.. a.Select(Reduce)]),
        JsonValue v when v.GetValueKind() == System.Text.Json.JsonValueKind.False => null,
        _ => node?.DeepClone(),
    };

    static JsonObject? ReduceObject(JsonObject json)
    {
        var kept = new JsonObject();
        foreach (var (name, value) in json)
        {
            // A literal false is a value, not a flag that was left alone.
            var reduced = name == "value" ? value?.DeepClone() : Designer.Contains(name) ? null : Reduce(value);
            if (reduced is not null && !(name == "port" && reduced.ToString() is "Done" or "In")) kept[name] = reduced;
        }
        return kept.Count == 0 ? null : kept;
    }
}
