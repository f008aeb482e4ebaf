using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Library;
using Rlhf.Server.Hosting;
using static Rlhf.Server.Elsa.Definitions.DefinitionReads;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>A definition as a tree of activities: from a node down, and the way from the root to a node.</summary>
static class DefinitionGraphs
{
    sealed record Node(string Port, JsonObject Activity, IReadOnlyList<Node> Children)
    {
        public string Id => $"{Activity["nodeId"]}";

        public IEnumerable<Node> Tree() => Children.SelectMany(c => c.Tree()).Prepend(this);

        public JsonObject ToJson(bool withChildren)
        {
            var json = new JsonObject { ["nodeId"] = Id, ["port"] = Port, ["activity"] = Activity.DeepClone() };
            if (withChildren) json["children"] = new JsonArray([.. Children.Select(c => c.ToJson(true))]);
            return json;
        }
    }

    public static async Task SubgraphAsync(HttpContext context)
    {
        if (await FindVersionAsync(context) is not { } version || Find(RootOf(context, version), context.Request.Query["parentNodeId"]) is not { } node) await NotFound(context);
        else await Answers.WriteAsync(context, node.ToJson(withChildren: true));
    }

    public static async Task SegmentsAsync(HttpContext context)
    {
        if (await FindVersionAsync(context) is not { } version || RootOf(context, version) is var root && Find(root, context.Request.Query["childNodeId"]) is not { } child)
        {
            await NotFound(context);
            return;
        }
        List<Node> way = [.. root.Tree().Where(n => child.Id.StartsWith(n.Id + ":", StringComparison.Ordinal))];
        await Answers.WriteAsync(context, new JsonObject
        {
            ["childNode"] = child.ToJson(withChildren: false),
            ["container"] = (way.LastOrDefault(n => $"{n.Activity["type"]}" != "Elsa.Flowchart") ?? WorkflowOf(context, version)).ToJson(withChildren: false),
            ["pathSegments"] = new JsonArray([.. way.Select((n, i) => new JsonObject
            {
                ["activityNodeId"] = n.Id,
                ["activityId"] = n.Activity["id"]?.DeepClone(),
                ["activityType"] = n.Activity["type"]?.DeepClone(),
                ["portName"] = i + 1 < way.Count ? way[i + 1].Port : child.Port,
                ["activityName"] = n.Activity["name"]?.DeepClone(),
            })]),
        });
    }

    static Node RootOf(HttpContext context, WorkflowVersion version) => NodeOf("Root", DefinitionModel.Full(context, version, LibraryOf(context))["root"]!.AsObject());

    /// <summary>The workflow itself, which holds the root as an activity holds another.</summary>
    static Node WorkflowOf(HttpContext context, WorkflowVersion version)
    {
        var model = DefinitionModel.Full(context, version, LibraryOf(context));
        return new("Root", new()
        {
            ["identity"] = new JsonObject { ["definitionId"] = version.DefinitionId, ["version"] = version.Version, ["id"] = model["id"]?.DeepClone() },
            ["publication"] = new JsonObject { ["isLatest"] = version.IsLatest, ["isPublished"] = version.IsPublished },
            ["inputs"] = model["inputs"]?.DeepClone(),
            ["outputs"] = model["outputs"]?.DeepClone(),
            ["outcomes"] = model["outcomes"]?.DeepClone(),
            ["workflowMetadata"] = new JsonObject { ["name"] = version.Name, ["description"] = model["description"]?.DeepClone(), ["createdAt"] = model["createdAt"]?.DeepClone() },
            ["options"] = model["options"]?.DeepClone(),
            ["variables"] = model["variables"]?.DeepClone(),
            ["isReadonly"] = false,
            ["isSystem"] = false,
            ["definitionHandle"] = new JsonObject { ["definitionVersionId"] = model["id"]?.DeepClone() },
            ["root"] = model["root"]?.DeepClone(),
            ["id"] = "Workflow1",
            ["nodeId"] = "Workflow1",
            ["type"] = "Elsa.Workflow",
            ["version"] = 1,
        }, []);
    }

    static Node? Find(Node root, string? id) => string.IsNullOrEmpty(id) ? root : root.Tree().FirstOrDefault(n => n.Id == id);

    static Node NodeOf(string port, JsonObject activity)
    {
        var lists = activity.Where(m => m.Key == "activities" && m.Value is JsonArray).SelectMany(m => m.Value!.AsArray().OfType<JsonObject>().Select(a => NodeOf("Activities", a)));
        var branches = activity.Where(m => m.Value is JsonObject child && child.ContainsKey("nodeId")).Select(m => NodeOf(char.ToUpperInvariant(m.Key[0]) + m.Key[1..], m.Value!.AsObject()));
        return new(port, activity, [.. lists, .. branches]);
    }
}
