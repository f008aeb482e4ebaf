using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Tests.Library;

/// <summary>
/// A definition as Elsa's editor sends it back: its own types at the top, which know no default of an input, with every member there; activities with node ids, nulls and
/// flags that nobody set, inputs before the rest, boxes as wide as their text is in its fonts.
/// </summary>
static class EditorModel
{
    public static JsonObject Of(string definition)
    {
        var top = JsonNode.Parse(definition)!.AsObject();
        var options = top["options"] as JsonObject ?? [];
        return new()
        {
            ["definitionId"] = top["definitionId"]?.DeepClone(),
            ["name"] = top["name"]?.DeepClone(),
            ["description"] = top["description"]?.DeepClone(),
            ["toolVersion"] = null,
            ["variables"] = Items(top["variables"], "id", "name", "typeName", "isArray", "value", "storageDriverTypeName"),
            ["inputs"] = Items(top["inputs"], "uiHint", "storageDriverType", "type", "isArray", "name", "displayName", "description", "category"),
            ["outputs"] = Items(top["outputs"], "type", "isArray", "name", "displayName", "description", "category"),
            ["outcomes"] = top["outcomes"]?.DeepClone() ?? new JsonArray(),
            ["customProperties"] = top["customProperties"]?.DeepClone() ?? new JsonObject(),
            ["isReadonly"] = false,
            ["options"] = new JsonObject(new[] { "activationStrategyType", "usableAsActivity", "autoUpdateConsumingWorkflows", "activityCategory", "incidentStrategyType", "commitStrategyName" }
                .Select(n => KeyValuePair.Create(n, options[n]?.DeepClone()))),
            ["root"] = top["root"] is JsonObject root ? Activity(root, "Workflow1") : null,
            ["links"] = null,
            ["createdAt"] = "2026-11-22T19:32:21.692406+00:00",
            ["version"] = 2,
            ["isLatest"] = true,
            ["isPublished"] = true,
            ["id"] = "1a92447ec7ee2f79",
        };
    }

    static JsonArray Items(JsonNode? list, params string[] members) =>
        [.. (list as JsonArray ?? []).Select(item => new JsonObject(members.Select(m => KeyValuePair.Create(m, m == "isArray" ? item![m]?.DeepClone() ?? false : item![m]?.DeepClone()))))];

    static JsonObject Activity(JsonObject activity, string parent)
    {
        var path = $"{parent}:{activity["id"]}";
        string[] known = ["id", "nodeId", "name", "type", "version", "customProperties", "metadata", "activities", "connections", "variables"];
        var sent = new JsonObject(activity.Where(m => !known.Contains(m.Key)).Reverse().Select(m => KeyValuePair.Create(m.Key, m.Value is JsonObject child && child.ContainsKey("type") && child.ContainsKey("id")
            ? Activity(child, path) : m.Value?.DeepClone())))
        {
            ["somethingUnset"] = null,
            ["id"] = activity["id"]?.DeepClone(),
            ["nodeId"] = path,
            ["name"] = activity["name"]?.DeepClone(),
            ["type"] = activity["type"]?.DeepClone(),
            ["version"] = activity["version"]?.DeepClone() ?? 1,
        };
        var custom = activity["customProperties"]?.DeepClone() as JsonObject ?? [];
        foreach (var flag in new[] { "canStartWorkflow", "runAsynchronously" }) custom[flag] ??= false;
        (sent["customProperties"], sent["metadata"]) = (custom, activity["metadata"]?.DeepClone() ?? new JsonObject());
        if (sent["metadata"]!["designer"]?["size"] is JsonObject size) (size["width"], size["height"]) = (298.96875, 54);
        if (activity["activities"] is not JsonArray activities) return sent;
        custom["notFoundConnections"] = new JsonArray();
        sent["activities"] = new JsonArray([.. activities.Select(a => Activity(a!.AsObject(), path))]);
        sent["variables"] = activity["variables"]?.DeepClone() ?? new JsonArray();
        sent["connections"] = new JsonArray([.. (activity["connections"] as JsonArray ?? []).Select(c =>
        {
            var connection = c!.DeepClone();
            connection["vertices"] ??= new JsonArray();
            return connection;
        })]);
        return sent;
    }
}
