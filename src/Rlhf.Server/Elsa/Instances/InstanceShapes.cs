using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Instances in Elsa's shapes.</summary>
static class InstanceShapes
{
    /// <summary>An instance in a list.</summary>
    public static JsonObject Summary(InstanceSummary instance, int incidents)
    {
        var json = new JsonObject
        {
            ["id"] = instance.Id,
            ["definitionId"] = instance.DefinitionId,
            ["definitionVersionId"] = VersionIdOf(instance),
            ["version"] = instance.DefinitionVersion,
            ["status"] = Statuses.Status(instance.Status),
            ["subStatus"] = Statuses.SubStatus(instance.Status),
            ["incidentCount"] = incidents,
        };
        if (instance.CorrelationId is not null) json["correlationId"] = instance.CorrelationId;
        if (instance.Name is not null) json["name"] = instance.Name;
        if (instance.Parent is not null) json["parentWorkflowInstanceId"] = instance.Parent;
        if (instance.StartedBy is not null) json["initiator"] = instance.StartedBy;
        Times(json, instance);
        return json;
    }

    public static JsonObject Full(InstanceRecord record, IReadOnlyList<PeopleWait> people)
    {
        var json = Summary(record.Summary, record.State.Incidents.Count);
        json["workflowState"] = State(record, people);
        json["isExecuting"] = record.State.Status == WorkflowStatus.Running;
        json["isSystem"] = false;
        return json;
    }

    public static JsonObject ExecutionState(WorkflowStatus status, DateTimeOffset updatedAt) => new()
    {
        ["status"] = Statuses.Status(status),
        ["subStatus"] = Statuses.SubStatus(status),
        ["updatedAt"] = Replies.Time(updatedAt),
    };

    /// <summary>What an instance is, as far as Elsa has a place for it.</summary>
    public static JsonObject State(InstanceRecord record, IReadOnlyList<PeopleWait> people)
    {
        var (instance, state, runs) = (record.Summary, record.State, ActivityRun.AllOf(record, people));
        var json = new JsonObject
        {
            ["id"] = instance.Id,
            ["definitionId"] = instance.DefinitionId,
            ["definitionVersionId"] = VersionIdOf(instance),
            ["definitionVersion"] = instance.DefinitionVersion,
            ["status"] = Statuses.Status(state.Status),
            ["subStatus"] = Statuses.SubStatus(state.Status),
            ["isExecuting"] = state.Status == WorkflowStatus.Running,
            ["bookmarks"] = Array(runs.Where(r => r.Wait is not null).Select(Bookmark)),
            ["incidents"] = Array(state.Incidents.Select(i => Incident(i, runs))),
            ["isSystem"] = false,
            ["completionCallbacks"] = new JsonArray(),
            ["activityExecutionContexts"] = Array(runs.Reverse().Where(r => r.IsWorkflow || state.Open.Exists(e => e.Id == r.Execution)).Select(Context)),
            ["scheduledActivities"] = new JsonArray(),
            ["executionLogSequence"] = state.Logged,
            ["input"] = Values(state.Inputs),
            ["output"] = Values(state.Outputs),
            ["properties"] = new JsonObject(),
        };
        if (instance.CorrelationId is not null) json["correlationId"] = instance.CorrelationId;
        if (instance.Name is not null) json["name"] = instance.Name;
        Times(json, instance);
        return json;
    }

    /// <summary>The variables of the workflow with their values.</summary>
    public static IEnumerable<JsonNode> Variables(InstanceRecord record) => record.Definition.Variables.Select(v => new JsonObject
    {
        ["id"] = v.Id,
        ["name"] = v.Name,
        ["value"] = record.State.Variables.GetValueOrDefault(v.Id)?.DeepClone(),
    });

    static JsonObject Bookmark(ActivityRun run)
    {
        var (wait, payload) = (run.Wait!, new JsonObject());
        if (wait.WakeEvents is [var name, ..]) payload["eventName"] = name;
        if (wait.WakeAt is { } at) payload["resumeAt"] = Replies.Time(at);
        if (wait.Child is { } child) payload["childInstanceId"] = child;
        if (wait.WaitsFor is { } reason) payload["waitsFor"] = reason;
        if (run.People is { } people) (payload["judged"], payload["missing"]) = (people.Judged, people.Missing);
        if (run.People?.Place is { } place) payload["place"] = place;
        return new()
        {
            ["id"] = run.Id,
            ["name"] = run.Type,
            ["hash"] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{run.Type} {string.Join(' ', wait.WakeEvents ?? [])} {wait.Child} {payload["resumeAt"]}"))),
            ["payload"] = payload,
            ["activityId"] = run.Activity,
            ["activityNodeId"] = run.NodePath,
            ["activityInstanceId"] = run.Id,
            ["createdAt"] = Replies.Time(run.WaitsSince ?? run.StartedAt),
            ["autoBurn"] = true,
            ["autoComplete"] = !wait.IsStep,
        };
    }

    static JsonObject Incident(Incident incident, IReadOnlyList<ActivityRun> runs)
    {
        var run = runs.FirstOrDefault(r => r.Execution == incident.Execution);
        return new()
        {
            ["activityId"] = incident.Activity,
            ["activityNodeId"] = run?.NodePath ?? incident.Activity,
            ["activityType"] = run?.Type ?? "Elsa.NotFoundActivity",
            ["message"] = incident.Reason,
            ["exception"] = RunShapes.Exception(incident.Reason),
            ["timestamp"] = Replies.Time(incident.At),
        };
    }

    static JsonObject Context(ActivityRun run)
    {
        var json = new JsonObject
        {
            ["id"] = run.Id,
            ["scheduledActivityNodeId"] = run.NodePath,
            ["properties"] = RunShapes.Properties(run),
            ["metadata"] = new JsonObject(),
            ["activityState"] = run.State(),
            ["dynamicVariables"] = new JsonArray(),
            ["status"] = run.Status,
            ["isExecuting"] = run.Progress is { StartedAt: not null },
            ["faultCount"] = run.Faults,
            ["startedAt"] = Replies.Time(run.StartedAt),
        };
        if (run.Parent is { } parent) json["parentContextId"] = new ExecutionId(run.Instance, parent).ToString();
        if (run.NodePath.LastIndexOf(':') is > 0 and var end) json["ownerActivityNodeId"] = run.NodePath[..end];
        if (run.CompletedAt is { } completed) json["completedAt"] = Replies.Time(completed);
        return json;
    }

    static void Times(JsonObject json, InstanceSummary instance)
    {
        json["createdAt"] = Replies.Time(instance.CreatedAt);
        json["updatedAt"] = Replies.Time(instance.UpdatedAt);
        if (Statuses.HasEnded(instance.Status)) json["finishedAt"] = Replies.Time(instance.UpdatedAt);
    }

    static string VersionIdOf(InstanceSummary instance) => new DefinitionVersionId(instance.DefinitionId, instance.DefinitionVersion).ToString();

    static JsonArray Array(IEnumerable<JsonObject> items) => new([.. items]);

    static JsonObject Values(IEnumerable<KeyValuePair<string, JsonNode?>> values) => new(values.Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));
}
