using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>
/// Elsa's alterations of instances that a filter finds, of which this runtime makes one: it cancels them. Studio asks for it where somebody cancels "all matches".
/// </summary>
static class AlterationApi
{
    const string Cancel = "Cancel";

    /// <summary>Instances looked at in one go.</summary>
    const int AtOnce = 500;

    static readonly WorkflowStatus[] Cancellable = [WorkflowStatus.Running, WorkflowStatus.Suspended, WorkflowStatus.Faulted];

    // Filters by which nothing can be found here.
    static readonly string[] Unknown = ["names", "definitionVersionIds", "activityFilters"];

    /// <summary>Cancels what the filter finds; done by the time of the answer. Elsa's answer is the id of a plan.</summary>
    public static async Task SubmitAsync(HttpContext context)
    {
        var fields = await Fields.ReadAsync(context);
        Check(fields);
        var runtime = Runtime(context);
        foreach (var id in await FindAsync(runtime, fields, context.RequestAborted)) await ChangeApi.TryCancelAsync(runtime, id, context.RequestAborted);
        await Replies.WriteAsync(context, new JsonObject { ["planId"] = fields.Text("id") ?? Guid.NewGuid().ToString("N") });
    }

    /// <summary>Cancels the instances that are named, and says of each whether it was.</summary>
    public static async Task RunAsync(HttpContext context)
    {
        var fields = await Fields.ReadAsync(context);
        Check(fields);
        var results = new JsonArray();
        foreach (var id in (fields.Texts("workflowInstanceIds") ?? []).Distinct(StringComparer.Ordinal))
        {
            var isCancelled = await ChangeApi.TryCancelAsync(Runtime(context), id, context.RequestAborted);
            var line = isCancelled ? ChangeApi.Entry(context, "It is cancelled.", "Cancel succeeded") : ChangeApi.Entry(context, $"Instance {id} is not there or has ended; nothing of it is left to cancel.", "Cancel failed", isError: true);
            results.Add(ChangeApi.Result(id, line, isCancelled, goesOn: false));
        }
        await Replies.WriteAsync(context, new JsonObject { ["results"] = results });
    }

    /// <summary>Says which instances the filter finds, and leaves them alone.</summary>
    public static async Task DryRunAsync(HttpContext context)
    {
        var ids = await FindAsync(Runtime(context), await Fields.ReadAsync(context), context.RequestAborted);
        await Replies.WriteAsync(context, new JsonObject { ["workflowInstanceIds"] = new JsonArray([.. ids.Select(i => JsonValue.Create(i))]) });
    }

    static void Check(Fields fields)
    {
        var alterations = fields.Objects("alterations");
        if (alterations.Count == 0) throw new FieldException("alterations", $"'alterations' is missing; expected [{{\"type\":\"{Cancel}\"}}].");
        foreach (var type in alterations.Select(a => a.Needed("type")))
        {
            if (type != Cancel) throw new FieldException("type", $"'type' is '{type}', an alteration that this runtime does not make; expected {Cancel}.");
        }
    }

    static async Task<IReadOnlyList<string>> FindAsync(WorkflowRuntime runtime, Fields fields, CancellationToken cancellationToken)
    {
        if (SearchOf(fields.Object("filter") is { } filter ? Fields.Of(filter) : Fields.Of([])) is not { } search) return [];
        var found = new List<string>();
        while (true)
        {
            var page = await runtime.Instances.SearchAsync(search with { Skip = found.Count, Take = AtOnce }, cancellationToken);
            found.AddRange(page.Items.Select(i => i.Summary.Id));
            if (page.Items.Count < AtOnce) return found;
        }
    }

    /// <summary>Null where the filter says nothing and that is to mean none.</summary>
    static InstanceSearch? SearchOf(Fields filter)
    {
        foreach (var name in Unknown)
        {
            if (filter.Value(name) is { } value and not JsonArray { Count: 0 }) throw new FieldException(name, $"'{name}' is {Fields.Shown(value.ToJsonString())}, by which no instance is found here; expected it to be left out.");
        }
        if (filter.Texts("correlationIds") is { Count: > 1 } several) throw new FieldException("correlationIds", $"'correlationIds' has {several.Count} ids; expected one.");
        var search = InstanceFilters.Read(filter) with { Ids = filter.Texts("workflowInstanceIds"), CorrelationId = filter.Texts("correlationIds")?[0] };
        var saysNothing = search is { Ids: null, DefinitionIds: null, Statuses: null, CorrelationId: null, Name: null, HasIncidents: null, Text: null, Times.Count: 0 };
        if (saysNothing && filter.Flag("emptyFilterSelectsAll") != true) return null;
        return search with { Statuses = [.. Cancellable.Where(s => search.Statuses?.Contains(s) != false)] };
    }

    static WorkflowRuntime Runtime(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime;
}
