using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Instances as Studio lists and shows them.</summary>
static class InstanceApi
{
    /// <summary>Instances that one archive may hold.</summary>
    const int MostExported = 1000;

    public static Task ListAsync(HttpContext context) => ListAsync(context, Fields.OfQuery(context));

    public static async Task SearchAsync(HttpContext context) => await ListAsync(context, await Fields.ReadAsync(context));

    static async Task ListAsync(HttpContext context, Fields fields)
    {
        var page = await Library(context).SearchAsync(InstanceFilters.Read(fields), context.RequestAborted);
        await Replies.WriteAsync(context, new JsonObject
        {
            ["items"] = new JsonArray([.. page.Items.Select(i => InstanceShapes.Summary(i.Summary, i.Incidents))]),
            ["totalCount"] = page.Total,
        });
    }

    public static Task GetAsync(HttpContext context) =>
        WithAsync(context, async record => await Replies.WriteAsync(context, InstanceShapes.Full(record, await PeopleAsync(context, record))));

    public static async Task ExecutionStateAsync(HttpContext context)
    {
        if (await Library(context).StampAsync(Replies.Part(context, "id"), context.RequestAborted) is { } stamp)
            await Replies.WriteAsync(context, InstanceShapes.ExecutionState(stamp.Status, stamp.UpdatedAt));
        else
            await Replies.NotFoundAsync(context);
    }

    public static Task VariablesAsync(HttpContext context) => WithAsync(context, record => Replies.ListAsync(context, InstanceShapes.Variables(record)));

    /// <summary>Sets the variables that the body names, and answers with all of them.</summary>
    public static Task ChangeVariablesAsync(HttpContext context) => WithAsync(context, async record =>
    {
        var id = record.Summary.Id;
        var values = new JsonObject();
        foreach (var variable in (await Fields.ReadAsync(context)).Objects("variables"))
        {
            var name = variable.Needed("id");
            if (!values.TryAdd(name, variable.Value("value")?.DeepClone())) throw new ArgumentException($"'variables' names '{name}' twice; expected each variable once.");
        }
        if (record.State.Ended)
        {
            await ElsaErrors.WriteAsync(context, StatusCodes.Status409Conflict, $"Instance {id} is {record.State.Status}; nothing reads its variables any more.");
            return;
        }
        if (values.Count > 0) await context.RequestServices.GetRequiredService<Site>().Runtime.SetVariablesAsync(id, values, Caller.Of(context)?.Name, context.RequestAborted);
        await VariablesAsync(context);
    });

    public static Task ExportAsync(HttpContext context) => WithAsync(context, async record =>
    {
        var bytes = Encoding.UTF8.GetBytes((await ExportedAsync(context, record)).ToJsonString());
        await SendFileAsync(context, $"workflow-instance-{record.Summary.Id}.json", bytes);
    });

    public static async Task ExportManyAsync(HttpContext context)
    {
        var fields = HttpMethods.IsGet(context.Request.Method) ? Fields.OfQuery(context) : await Fields.ReadAsync(context);
        var ids = fields.Texts("ids") ?? throw new ArgumentException("'ids' is missing; expected the ids of instances.");
        if (ids.Count > MostExported) throw new ArgumentException($"'ids' has {ids.Count} ids; expected at most {MostExported}.");
        using var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var id in ids.Distinct(StringComparer.Ordinal))
            {
                if (await Library(context).FindAsync(id, context.RequestAborted) is not { } record)
                {
                    await Replies.NotFoundAsync(context);
                    return;
                }
                await using var file = zip.CreateEntry($"workflow-instance-{id}.json").Open();
                await file.WriteAsync(Encoding.UTF8.GetBytes((await ExportedAsync(context, record)).ToJsonString()), context.RequestAborted);
            }
        }
        await SendFileAsync(context, "workflow-instances.zip", archive.ToArray(), "application/zip");
    }

    /// <summary>An instance is never taken over from a file: what its steps made would not be in this store.</summary>
    public static Task ImportAsync(HttpContext context) => ElsaErrors.WriteAsync(
        context, StatusCodes.Status400BadRequest, "Instances are not imported: their artifacts are in the store they ran in. Expected a transfer of artifacts (rlhf artifacts) and a run here.");

    public static Task JournalAsync(HttpContext context)
    {
        var query = Fields.OfQuery(context);
        return JournalAsync(context, query, query);
    }

    public static async Task FilteredJournalAsync(HttpContext context)
    {
        var body = await Fields.ReadAsync(context);
        await JournalAsync(context, body.Joined(Fields.OfQuery(context)), body.Object("filter") is { } filter ? Fields.Of(filter) : Fields.Of([]));
    }

    static Task JournalAsync(HttpContext context, Fields part, Fields filter)
    {
        var take = part.Number("take", 0, int.MaxValue) ?? part.Number("pageSize", 0, int.MaxValue);
        var skip = part.Number("skip", 0, int.MaxValue) ?? (part.Number("page", 0, 1_000_000) ?? 0L) * (take ?? 0);
        var (activities, nodes) = (filter.Texts("activityIds"), filter.Texts("activityNodeIds"));
        var (without, events) = (filter.Texts("excludedActivityTypes"), filter.Texts("eventNames"));
        return WithAsync(context, async record =>
        {
            var lines = JournalShapes.Of(record, await PeopleAsync(context, record)).Where(l =>
                activities?.Contains(l.Run.Activity) != false && nodes?.Contains(l.Run.NodePath) != false
                && without?.Contains(l.Run.Type) != true && events?.Contains(l.Event) != false).ToList();
            await Replies.WriteAsync(context, new JsonObject
            {
                ["items"] = new JsonArray([.. lines.Skip((int)Math.Min(skip, int.MaxValue)).Take(take ?? int.MaxValue).Select(l => l.ToJson())]),
                ["totalCount"] = lines.Count,
            });
        });
    }

    /// <summary>The last line of one activity.</summary>
    public static Task LastEntryAsync(HttpContext context) => WithAsync(context, async record =>
    {
        var activity = Replies.Part(context, "activityId");
        if (JournalShapes.Of(record, await PeopleAsync(context, record)).LastOrDefault(l => l.Run.Activity == activity) is { } last) await Replies.WriteAsync(context, JournalShapes.Alone(last, record));
        else await Replies.NotFoundAsync(context);
    });

    /// <summary>What people are waited for, where nothing else can move the instance on.</summary>
    public static async Task<IReadOnlyList<PeopleWait>> PeopleAsync(HttpContext context, InstanceRecord record) =>
        record.State.Status == WorkflowStatus.Suspended ? await context.RequestServices.GetRequiredService<Site>().Runtime.PeopleAsync(record.Summary.Id, context.RequestAborted) : [];

    static async Task<JsonObject> ExportedAsync(HttpContext context, InstanceRecord record)
    {
        var (query, people) = (Fields.OfQuery(context), await PeopleAsync(context, record));
        var state = InstanceShapes.State(record, people);
        return new()
        {
            ["WorkflowState"] = state,
            ["Bookmarks"] = query.Flag("includeBookmarks") == true ? state["bookmarks"]!.DeepClone() : null,
            ["ActivityExecutionRecords"] = query.Flag("includeActivityExecutionLog") == true ? new JsonArray([.. ActivityRun.AllOf(record, people).Select(RunShapes.Full)]) : null,
            ["WorkflowExecutionLogRecords"] = query.Flag("includeWorkflowExecutionLog") == true ? new JsonArray([.. JournalShapes.Of(record, people).Select(l => l.ToJson())]) : null,
        };
    }

    static async Task SendFileAsync(HttpContext context, string name, byte[] bytes, string type = "application/octet-stream")
    {
        context.Response.ContentType = type;
        context.Response.Headers.ContentDisposition = $"attachment; filename={name}; filename*=UTF-8''{name}";
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    static async Task WithAsync(HttpContext context, Func<InstanceRecord, Task> show)
    {
        if (await Library(context).FindAsync(Replies.Part(context, "id"), context.RequestAborted) is { } record) await show(record);
        else await Replies.NotFoundAsync(context);
    }

    static InstanceLibrary Library(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime.Instances;
}
