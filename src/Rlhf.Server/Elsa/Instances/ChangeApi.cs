using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Cancels, deletes and retries instances, and sends events to them.</summary>
static class ChangeApi
{
    /// <summary>Instances that one request may name.</summary>
    const int Most = 1000;

    public static async Task CancelAsync(HttpContext context)
    {
        var (runtime, id) = (Runtime(context), Replies.Part(context, "id"));
        if (await runtime.Instances.StampAsync(id, context.RequestAborted) is null) await Replies.NotFoundAsync(context);
        else if (await TryCancelAsync(runtime, id, context.RequestAborted)) await Replies.EmptyAsync(context, StatusCodes.Status200OK);
        else await ElsaErrors.WriteAsync(context, StatusCodes.Status409Conflict, $"Instance {id} has ended already; nothing of it is left to cancel.");
    }

    public static async Task CancelManyAsync(HttpContext context)
    {
        var (runtime, fields) = (Runtime(context), await Fields.ReadAsync(context));
        var (definition, version) = (fields.Text("definitionId"), fields.Text("versionOptions"));
        if (definition is null != version is null)
        {
            await ElsaErrors.WriteAsync(context, StatusCodes.Status400BadRequest, "'versionOptions' and 'definitionId' belong together; expected both or neither.", "versionOptions");
            return;
        }
        var search = new InstanceSearch { Statuses = [WorkflowStatus.Running, WorkflowStatus.Suspended, WorkflowStatus.Faulted], Take = Most };
        if (await ChosenAsync(runtime, fields, definition, version, context.RequestAborted) is not { } versions) search = search with { Ids = IdsOf(fields, "ids") };
        else if (versions is [(var id, null)]) search = search with { DefinitionIds = [id] };
        else if (versions is [(var of, { } number)]) search = search with { DefinitionIds = [of], Version = number };
        else
        {
            await Replies.NotFoundAsync(context);
            return;
        }
        var cancelled = 0;
        foreach (var instance in (await runtime.Instances.SearchAsync(search, context.RequestAborted)).Items)
        {
            if (await TryCancelAsync(runtime, instance.Summary.Id, context.RequestAborted)) cancelled++;
        }
        await Replies.WriteAsync(context, new JsonObject { ["cancelled"] = cancelled, ["cancelledCount"] = cancelled });
    }

    // Null where the instances are named one by one; empty where there is no such version.
    static async Task<IReadOnlyList<(string Definition, int? Version)>?> ChosenAsync(
        WorkflowRuntime runtime, Fields fields, string? definition, string? version, CancellationToken cancellationToken)
    {
        if (fields.Text("definitionVersionId") is { } text)
        {
            var id = DefinitionVersionId.TryParse(text) ?? throw new FieldException("definitionVersionId", $"'definitionVersionId' is '{text}'; expected such as rlhf-round:3.");
            return [(id.DefinitionId, id.Version)];
        }
        if (definition is null) return null;
        var options = VersionOptions.TryParse(version!) ?? throw new FieldException("versionOptions", $"'versionOptions' is '{version}'; expected one of Elsa's words or a number.");
        if (options == VersionOptions.AllVersions) return [(definition, null)];
        return await runtime.Library.GetAsync(definition, options, cancellationToken) is { } found ? [(definition, found.Version)] : [];
    }

    public static async Task DeleteAsync(HttpContext context)
    {
        var id = Replies.Part(context, "id");
        await (await Runtime(context).Instances.DeleteAsync(id, context.RequestAborted) switch
        {
            Deletion.Deleted => Replies.EmptyAsync(context, StatusCodes.Status204NoContent),
            Deletion.Unknown => Replies.NotFoundAsync(context),
            _ => ElsaErrors.WriteAsync(context, StatusCodes.Status409Conflict, NotEnded(id)),
        });
    }

    /// <summary>Deletes those that are named, or all of a definition, that have ended; where one that is named has not, none.</summary>
    public static async Task DeleteManyAsync(HttpContext context)
    {
        var (instances, fields) = (Runtime(context).Instances, await Fields.ReadAsync(context));
        var definitions = fields.Text("workflowDefinitionId") is { } one ? [one] : fields.Texts("workflowDefinitionIds");
        var search = definitions is null ? new InstanceSearch { Ids = IdsOf(fields, "ids"), Take = Most }
            : new InstanceSearch { DefinitionIds = definitions, Statuses = [WorkflowStatus.Finished, WorkflowStatus.Faulted, WorkflowStatus.Cancelled], Take = Most };
        var found = (await instances.SearchAsync(search, context.RequestAborted)).Items;
        if (found.FirstOrDefault(i => i.Summary.IsOpen) is { } open)
        {
            await ElsaErrors.WriteAsync(context, StatusCodes.Status409Conflict, NotEnded(open.Summary.Id));
            return;
        }
        // Those that were dispatched before those that dispatched them, which need them.
        var deleted = 0;
        foreach (var instance in found.OrderByDescending(i => i.Summary.CreatedAt))
        {
            if (await instances.DeleteAsync(instance.Summary.Id, context.RequestAborted) == Deletion.Deleted) deleted++;
        }
        await Replies.WriteAsync(context, new JsonObject { ["deleted"] = deleted });
    }

    /// <summary>Lets faulted instances go on with what failed; says of each whether it does.</summary>
    public static async Task RetryAsync(HttpContext context)
    {
        var (runtime, fields) = (Runtime(context), await Fields.ReadAsync(context));
        var (ids, activities) = (IdsOf(fields, "workflowInstanceIds"), fields.Texts("activityIds"));
        var results = new JsonArray();
        foreach (var id in ids)
        {
            var reason = await RetryAsync(runtime, id, activities, context.RequestAborted);
            var line = reason is null ? Entry(context, "What failed is tried again.", "Retry succeeded") : Entry(context, reason, "Retry failed", isError: true);
            results.Add(Result(id, line, reason is null, goesOn: reason is null));
        }
        await Replies.WriteAsync(context, new JsonObject { ["results"] = results });
    }

    /// <summary>What became of one instance, with the line that says so.</summary>
    /// <param name="goesOn">Whether it has something to do now.</param>
    public static JsonObject Result(string instance, JsonObject line, bool isDone, bool goesOn) => new()
    {
        ["workflowInstanceId"] = instance,
        ["log"] = new JsonObject { ["logEntries"] = new JsonArray(line) },
        ["workflowHasScheduledWork"] = goesOn,
        ["isSuccessful"] = isDone,
    };

    public static JsonObject Entry(HttpContext context, string message, string what, bool isError = false) => new()
    {
        ["message"] = message,
        ["logLevel"] = isError ? "Error" : "Information",
        ["timestamp"] = Replies.Time(context.RequestServices.GetRequiredService<Site>().Time.GetUtcNow()),
        ["eventName"] = what,
    };

    /// <summary>Why it cannot, or null where it goes on.</summary>
    static async Task<string?> RetryAsync(WorkflowRuntime runtime, string id, IReadOnlyList<string>? activities, CancellationToken cancellationToken)
    {
        if (await runtime.Instances.FindAsync(id, cancellationToken) is not { } record) return $"There is no instance '{id}' in this store.";
        var faulted = record.State.Open.Where(e => e.Faulted).Select(e => e.Activity).Distinct().ToList();
        if (activities?.FirstOrDefault(a => !faulted.Contains(a)) is { } other)
            return $"'{other}' of instance {id} has not failed; {(faulted.Count == 0 ? "nothing of it has" : $"what has is {string.Join(", ", faulted)}")}.";
        if (activities is not null && faulted.FirstOrDefault(f => !activities.Contains(f)) is { } unnamed)
            return $"'{unnamed}' of instance {id} has failed, too; expected all that failed to be tried again ({string.Join(", ", faulted)}).";
        try
        {
            await runtime.RetryAsync(id, cancellationToken: cancellationToken);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }

    public static async Task TriggerAsync(HttpContext context)
    {
        var (name, fields) = (Replies.Part(context, "eventName"), await Fields.ReadAsync(context));
        foreach (var unheeded in new[] { "correlationId", "activityInstanceId" })
        {
            if (fields.Text(unheeded) is { } value) throw new FieldException(unheeded, $"'{unheeded}' is '{value}', by which no event is sent here; expected 'workflowInstanceId', or neither.");
        }
        var (runtime, instance) = (Runtime(context), fields.Text("workflowInstanceId"));
        if (instance is not null && await runtime.Instances.StampAsync(instance, context.RequestAborted) is null)
        {
            await Replies.NotFoundAsync(context);
            return;
        }
        await runtime.SendEventAsync(name, fields.Value("input")?.DeepClone(), instance, context.RequestAborted);
        await Replies.EmptyAsync(context, StatusCodes.Status200OK);
    }

    /// <summary>Nothing that this runtime runs waits for a task.</summary>
    public static async Task CompleteTaskAsync(HttpContext context)
    {
        await Fields.ReadAsync(context);
        await Replies.NotFoundAsync(context);
    }

    /// <summary>False where it had ended, or is gone.</summary>
    public static async Task<bool> TryCancelAsync(WorkflowRuntime runtime, string id, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.CancelAsync(id, cancellationToken);
            return true;
        }
        catch (ArgumentException)
        {
            return false; // it has ended, or is gone
        }
    }

    // An empty list is none; one that is missing is a mistake that would be costly to take for all.
    static IReadOnlyList<string> IdsOf(Fields fields, string name) => fields.Texts(name) switch
    {
        null when fields.IsEmptyList(name) => [],
        null => throw new FieldException(name, $"'{name}' is missing; expected the ids of instances."),
        { Count: > Most } many => throw new FieldException(name, $"'{name}' has {many.Count} ids; expected at most {Most}."),
        var ids => [.. ids.Distinct(StringComparer.Ordinal)],
    };

    static string NotEnded(string id) => $"Instance {id} has not ended, or others that have not depend on it; expected it to be cancelled first.";

    static WorkflowRuntime Runtime(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime;
}
