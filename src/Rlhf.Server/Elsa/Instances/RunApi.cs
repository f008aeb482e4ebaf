using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Runs of activities as Studio shows them beside the picture.</summary>
static class RunApi
{
    public static async Task ListAsync(HttpContext context) => await Replies.ListAsync(context, (await ChosenAsync(context)).Select(RunShapes.Full));

    public static async Task SummariesAsync(HttpContext context) => await Replies.ListAsync(context, (await ChosenAsync(context)).Select(RunShapes.Summary));

    public static async Task CountAsync(HttpContext context) => await Replies.WriteAsync(context, new JsonObject { ["count"] = (await ChosenAsync(context)).Count() });

    public static Task ByPathAsync(HttpContext context) => OneAsync(context, Replies.Part(context, "id"), RunShapes.Full);

    public static Task ByQueryAsync(HttpContext context) => OneAsync(context, Fields.OfQuery(context).Needed("id"), RunShapes.Full);

    /// <summary>What became of the activities that are named, or of all.</summary>
    public static async Task ReportAsync(HttpContext context)
    {
        var fields = await Fields.ReadAsync(context);
        var (runs, nodes) = (await AllAsync(context, fields.Needed("workflowInstanceId")), fields.Texts("activityNodeIds"));
        await Replies.WriteAsync(context, new JsonObject
        {
            ["stats"] = new JsonArray([.. runs.Where(r => nodes?.Contains(r.NodePath) != false).GroupBy(r => r.NodePath).Select(g => RunShapes.Stats([.. g]))]),
        });
    }

    /// <summary>The attempts of a step that failed for the moment and were followed by another one.</summary>
    public static async Task RetriesAsync(HttpContext context)
    {
        var items = new JsonArray();
        if (ExecutionId.TryParse(Replies.Part(context, "id")) is { } id && await Library(context).FindAsync(id.Instance, context.RequestAborted) is { } record)
        {
            foreach (var (line, number) in record.Log.Where(l => l.Execution == id.Execution && l.Event == LogEvent.Retrying).Select((l, i) => (l, i + 1)))
            {
                items.Add(new JsonObject
                {
                    ["id"] = $"{id.Instance}.{line.Sequence - 1}",
                    ["activityId"] = line.Activity,
                    ["activityInstanceId"] = id.ToString(),
                    ["workflowInstanceId"] = id.Instance,
                    ["attemptNumber"] = number,
                    ["retriedAt"] = Replies.Time(line.At),
                    ["details"] = new JsonObject { ["reason"] = line.Message },
                });
            }
        }
        await Replies.WriteAsync(context, new JsonObject { ["items"] = items, ["totalCount"] = items.Count, ["links"] = new JsonArray() });
    }

    static async Task OneAsync(HttpContext context, string text, Func<ActivityRun, JsonNode> shape)
    {
        var run = ExecutionId.TryParse(text) is { } id ? (await AllAsync(context, id.Instance)).FirstOrDefault(r => r.Execution == id.Execution) : null;
        if (run is null) await Replies.NotFoundAsync(context);
        else await Replies.WriteAsync(context, shape(run));
    }

    static async Task<IEnumerable<ActivityRun>> ChosenAsync(HttpContext context)
    {
        var query = Fields.OfQuery(context);
        var (node, activity, completed) = (query.Text("activityNodeId"), query.Text("activityId"), query.Flag("completed"));
        return (await AllAsync(context, query.Needed("workflowInstanceId"))).Where(r =>
            (node is null || r.NodePath == node) && (activity is null || r.Activity == activity) && (completed is null || r.CompletedAt is not null == completed));
    }

    // As in Elsa, an instance that is unknown has no runs.
    static async Task<IReadOnlyList<ActivityRun>> AllAsync(HttpContext context, string instance) =>
        await Library(context).FindAsync(instance, context.RequestAborted) is { } record ? ActivityRun.AllOf(record, await InstanceApi.PeopleAsync(context, record)) : [];

    static InstanceLibrary Library(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime.Instances;
}
