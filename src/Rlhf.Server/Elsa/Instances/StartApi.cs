using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Store;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Starts instances: and waits for what comes of it at once (execute), or does not (dispatch).</summary>
static class StartApi
{
    /// <summary>The headers that Studio reads: the instance, and whether there is none.</summary>
    public const string InstanceHeader = "x-elsa-workflow-instance-id", RefusedHeader = "x-elsa-workflow-cannot-start";

    /// <summary>Instances of one bulk dispatch.</summary>
    const int MostAtOnce = 100;

    /// <summary>How long nothing may move an execution on until it is taken for one that takes its time; and how long it is waited for in all.</summary>
    static readonly TimeSpan Still = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromSeconds(10);

    /// <summary>How to start an instance, as the request says it.</summary>
    sealed record Order(string DefinitionId, VersionOptions Version, JsonObject Inputs, string? Trigger, InstanceLabel Label);

    public static Task ExecuteByQueryAsync(HttpContext context) => ExecuteAsync(context, Fields.OfQuery(context));

    public static async Task ExecuteByBodyAsync(HttpContext context) => await ExecuteAsync(context, await Fields.ReadAsync(context));

    static async Task ExecuteAsync(HttpContext context, Fields fields)
    {
        if (await TryStartAsync(context, Read(context, fields)) is not { } id) return;
        context.Response.Headers[RefusedHeader] = bool.FalseString;
        context.Response.Headers[InstanceHeader] = id;
        await UntilSettledAsync(Runtime(context).Instances, id, context.RequestAborted);
        if (await Runtime(context).Instances.FindAsync(id, context.RequestAborted) is not { } record)
        {
            await Replies.NotFoundAsync(context); // deleted as soon as it had ended
            return;
        }
        var state = InstanceShapes.State(record, await InstanceApi.PeopleAsync(context, record));
        await Replies.WriteAsync(
            context, new JsonObject { ["workflowState"] = state },
            record.State.Status == WorkflowStatus.Faulted ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK);
    }

    public static async Task DispatchAsync(HttpContext context)
    {
        if (await TryStartAsync(context, Read(context, await Fields.ReadAsync(context))) is { } id)
            await Replies.WriteAsync(context, new JsonObject { ["workflowInstanceId"] = id });
    }

    /// <summary>Starts several of the same; those that were started before one could not be stay.</summary>
    public static async Task DispatchManyAsync(HttpContext context)
    {
        var fields = await Fields.ReadAsync(context);
        var (count, order) = (fields.Number("count", 1, MostAtOnce) ?? 1, Read(context, fields));
        var ids = new JsonArray();
        for (var i = 0; i < count; i++)
        {
            if (await TryStartAsync(context, order) is not { } id) return;
            ids.Add(id);
        }
        await Replies.WriteAsync(context, new JsonObject { ["workflowInstanceIds"] = ids });
    }

    static Order Read(HttpContext context, Fields fields)
    {
        foreach (var unheeded in new[] { "parentWorkflowInstanceId", "instanceId" })
        {
            if (fields.Text(unheeded) is { } value) throw new FieldException(unheeded, $"'{unheeded}' is '{value}', which this runtime does not heed; expected it to be left out.");
        }
        var version = fields.Text("versionOptions") is not { } text ? VersionOptions.Published
            : VersionOptions.TryParse(text) ?? throw new FieldException("versionOptions", $"'versionOptions' is '{text}'; expected {string.Join(", ", Enum.GetNames<VersionKind>().Where(k => k != nameof(VersionKind.Number)))} or a number.");
        var inputs = fields.Object("input")?.DeepClone().AsObject() ?? [];
        var trigger = fields.Text("triggerActivityId") ?? (fields.Object("activityHandle") is { } handle ? Fields.Of(handle).Text("activityId") : null);
        return new(Replies.Part(context, "id"), version, inputs, trigger, new(Caller.Of(context)?.Name, fields.Text("correlationId"), fields.Text("name")));
    }

    /// <summary>The instance's id, or null where the request has been answered: there is no such version, or it cannot be started.</summary>
    static async Task<string?> TryStartAsync(HttpContext context, Order order)
    {
        try
        {
            if (await Runtime(context).StartVersionAsync(
                    order.DefinitionId, order.Version, order.Inputs, order.Trigger, order.Label, context.RequestAborted) is { } id) return id;
            await Replies.NotFoundAsync(context);
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException or SingletonException or FileNotFoundException)
        {
            // Studio looks at the headers, whatever the status.
            context.Response.Headers[RefusedHeader] = bool.TrueString;
            context.Response.Headers[InstanceHeader] = "";
            await ElsaErrors.WriteAsync(context, e is SingletonException ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest, e.Message);
        }
        return null;
    }

    /// <summary>Until it has ended or waits for something, or a step of it takes its time.</summary>
    static async Task UntilSettledAsync(InstanceLibrary instances, string id, CancellationToken cancellationToken)
    {
        using var longest = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        longest.CancelAfter(Longest);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(longest.Token);
        try
        {
            var revision = 0;
            await foreach (var stamp in instances.FollowAsync(id, patience.Token))
            {
                if (stamp.Status != WorkflowStatus.Running) return;
                if (stamp.Revision != revision) patience.CancelAfter(Still);
                revision = stamp.Revision;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It goes on without whoever asked.
        }
    }

    static WorkflowRuntime Runtime(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime;
}
