using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Library;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>A version of a definition in Elsa's form, with everything that Elsa adds to what stands in a file.</summary>
static class DefinitionModel
{
    const string Schema = "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json";

    public static DefinitionVersionId IdOf(WorkflowVersion version) => new(version.DefinitionId, version.Version, version.Revision);

    /// <summary>A line of a list.</summary>
    public static JsonObject Summary(HttpContext context, WorkflowVersion version)
    {
        var summary = new JsonObject
        {
            ["links"] = DefinitionLinks.Of(context, version.DefinitionId),
            ["id"] = $"{IdOf(version)}",
            ["definitionId"] = version.DefinitionId,
            ["name"] = version.Name,
            ["description"] = version.ToJson()["description"]?.DeepClone(),
            ["version"] = version.Version,
            ["isLatest"] = version.IsLatest,
            ["isPublished"] = version.IsPublished,
            ["materializerName"] = "Json",
            ["createdAt"] = TimeOf(version.CreatedAt),
            ["isReadonly"] = false,
        };
        if (version.FileProblem is { } problem) summary["validationErrors"] = new JsonArray(new JsonObject { ["message"] = problem });
        return summary;
    }

    /// <summary>The whole version, with what its caller may do with it.</summary>
    public static JsonObject Full(HttpContext context, WorkflowVersion version, WorkflowLibrary library)
    {
        var model = Plain(version, library);
        InputDefaults.Show(model);
        model.Insert(0, "links", DefinitionLinks.Of(context, version.DefinitionId));
        if (version.FileProblem is { } problem) model["validationErrors"] = new JsonArray(new JsonObject { ["message"] = problem });
        return model;
    }

    /// <summary>The whole version as it is exported: activities that nobody here knows are as they are.</summary>
    public static JsonObject Exported(WorkflowVersion version)
    {
        var model = Plain(version, null);
        model.Insert(0, "$schema", Schema);
        return model;
    }

    static JsonObject Plain(WorkflowVersion version, WorkflowLibrary? library)
    {
        var json = version.ToJson();
        return new()
        {
            ["id"] = $"{IdOf(version)}",
            ["definitionId"] = version.DefinitionId,
            ["name"] = version.Name,
            ["description"] = json["description"]?.DeepClone(),
            ["createdAt"] = TimeOf(version.CreatedAt),
            ["version"] = version.Version,
            ["variables"] = List(json["variables"]),
            ["inputs"] = List(json["inputs"]),
            ["outputs"] = List(json["outputs"]),
            ["outcomes"] = json["outcomes"]?.DeepClone() ?? new JsonArray(),
            ["customProperties"] = json["customProperties"]?.DeepClone() ?? new JsonObject(),
            ["isReadonly"] = false,
            ["isSystem"] = false,
            ["isLatest"] = version.IsLatest,
            ["isPublished"] = version.IsPublished,
            ["options"] = Options(json["options"] as JsonObject),
            ["root"] = Activity(json["root"] as JsonObject ?? new() { ["id"] = "Sequence1", ["type"] = "Elsa.Sequence" }, "Workflow1", library),
        };
    }

    /// <summary>An activity with what Elsa adds: the path, flags, and the lists of a container.</summary>
    static JsonObject Activity(JsonObject activity, string parent, WorkflowLibrary? library)
    {
        var (path, type) = ($"{parent}:{activity["id"]}", $"{activity["type"]}");
        var whole = new JsonObject();
        foreach (var (name, value) in activity)
        {
            if (name is "id" or "nodeId" or "name" or "type" or "version" or "customProperties" or "metadata") continue;
            whole[name] = Nested(name, value, path, library);
        }
        (whole["id"], whole["nodeId"], whole["name"], whole["type"]) = (activity["id"]?.DeepClone(), path, activity["name"]?.DeepClone(), type);
        (whole["version"], whole["metadata"]) = (activity["version"]?.DeepClone() ?? 1, activity["metadata"]?.DeepClone() ?? new JsonObject());
        var custom = activity["customProperties"]?.DeepClone() as JsonObject ?? [];
        if (type == "Elsa.Flowchart") custom["notFoundConnections"] ??= new JsonArray();
        foreach (var flag in new[] { "canStartWorkflow", "runAsynchronously" }) custom[flag] ??= false;
        whole["customProperties"] = custom;
        if (type is "Elsa.Flowchart" or "Elsa.Sequence")
            foreach (var list in type == "Elsa.Flowchart" ? new[] { "activities", "variables", "connections" } : ["activities", "variables"]) whole[list] ??= new JsonArray();
        return library?.Runs(type) == false ? MissingActivities.Show(Original(activity, path, custom)) : whole;
    }

    static JsonObject Original(JsonObject activity, string path, JsonObject custom)
    {
        var original = activity.DeepClone().AsObject();
        (original["nodeId"], original["customProperties"]) = (path, custom.DeepClone());
        return original;
    }

    static JsonNode? Nested(string name, JsonNode? value, string path, WorkflowLibrary? library) => value switch
    {
        JsonArray list when name == "activities" => new JsonArray([.. list.Select(i => i is JsonObject child ? Activity(child, path, library) : i?.DeepClone())]),
        JsonArray list when name == "connections" => new JsonArray([.. list.Select(Connection)]),
        JsonObject child when child["id"] is JsonValue && child["type"] is JsonValue => Activity(child, path, library),
        _ => value?.DeepClone(),
    };

    static JsonNode? Connection(JsonNode? connection)
    {
        var whole = connection?.DeepClone();
        if (whole is JsonObject json) json["vertices"] ??= new JsonArray();
        return whole;
    }

    static JsonArray List(JsonNode? list)
    {
        var whole = list?.DeepClone() as JsonArray ?? [];
        foreach (var item in whole.OfType<JsonObject>()) item["isArray"] ??= false;
        return whole;
    }

    static JsonObject Options(JsonObject? options)
    {
        var whole = options?.DeepClone().AsObject() ?? [];
        foreach (var flag in new[] { "usableAsActivity", "autoUpdateConsumingWorkflows" }) whole[flag] ??= false;
        return whole;
    }

    static string TimeOf(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);
}
