using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Lint;

/// <summary>What is wrong with a text that may be no definition yet: all of it where it can be read, and otherwise what it cannot be read for.</summary>
internal sealed class DraftLint(DefinitionReader reader, ActivityCatalog catalog)
{
    public bool Knows(string activityType) => catalog.Find(activityType) is not null;

    /// <param name="source">For messages.</param>
    public (WorkflowDefinition? Definition, IReadOnlyList<Finding> Findings) Check(string json, string source)
    {
        var unknown = Unknown(json, source).ToList();
        if (unknown.Count > 0) return (null, unknown);
        try
        {
            var definition = reader.Read(json, source);
            return (definition, WorkflowLint.Check(definition));
        }
        catch (InvalidDataException e)
        {
            return (null, [Refusal(json, source, e.Message)]);
        }
    }

    IEnumerable<Finding> Unknown(string json, string source)
    {
        var known = new Lazy<string>(() => string.Join(", ", catalog.Names.Order(StringComparer.Ordinal)));
        foreach (var activity in Activities(Parse(json)?["root"], level: 0))
        {
            if (activity["id"] is not JsonValue id || activity["type"] is not JsonValue type || catalog.Find(type.ToString()) is not null) continue;
            yield return new(source, id.ToString(), $"it is of type '{type}', which this runtime does not run; known are {known.Value}");
        }
    }

    static IEnumerable<JsonObject> Activities(JsonNode? node, int level)
    {
        if (node is not JsonObject activity || level > DefinitionReader.MaxLevels) yield break;
        yield return activity;
        IEnumerable<JsonNode?> inner = [activity["then"], activity["else"], .. activity["activities"] as JsonArray ?? []];
        foreach (var found in inner.SelectMany(n => Activities(n, level + 1))) yield return found;
    }

    /// <summary>What the reader says, without the names of the source and the activity, which it says first.</summary>
    static Finding Refusal(string json, string source, string message)
    {
        var ids = Activities(Parse(json)?["root"], level: 0).Select(a => $"{a["id"]}").ToList();
        var activity = ids.Where(id => message.StartsWith($"{source}: activity '{id}'", StringComparison.Ordinal)).MaxBy(id => id.Length);
        var prefix = activity is null ? source : $"{source}: activity '{activity}'";
        var reason = message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..].TrimStart(':', ',', ' ') : message;
        return new(source, activity ?? ids.FirstOrDefault() ?? "", reason.TrimEnd('.'));
    }

    static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // The reader says why.
        }
    }
}
