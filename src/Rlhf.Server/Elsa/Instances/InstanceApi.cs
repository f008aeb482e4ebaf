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
            if (!values.TryAdd(name, variable.Value("value")?.DeepClone())) throw new FieldException("variables", $"'variables' names '{name}' twice; expected each variable once.");
        }
        if (record.State.Ended)
        {
            await ElsaErrors.WriteAsync(context, StatusCodes.Status409Conflict, $"Instance {id} is {record.State.Status}; nothing reads its variables any more.");
            return;
        }
        if (values.Count > 0) await context.RequestServices.GetRequiredService<Site>().Runtime.SetVariablesAsync(id, values, Caller.Of(context)?.Name, context.RequestAborted);
        await VariablesAsync(context);
    });

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

    static async Task WithAsync(HttpContext context, Func<InstanceRecord, Task> show)
    {
        if (await Library(context).FindAsync(Replies.Part(context, "id"), context.RequestAborted) is { } record) await show(record);
        else await Replies.NotFoundAsync(context);
    }

    static InstanceLibrary Library(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime.Instances;
}
