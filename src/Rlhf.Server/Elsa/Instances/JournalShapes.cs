using System.Text.Json.Nodes;
using Rlhf.Runtime;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>The log of an instance as Elsa's journal.</summary>
static class JournalShapes
{
    /// <summary>
    /// All lines in order. A step that runs has a last line that no event wrote: how far it is right now.
    /// </summary>
    /// <param name="people">What people are waited for; stands with the line that began the wait.</param>
    public static IReadOnlyList<JournalLine> Of(InstanceRecord record, IReadOnlyList<PeopleWait> people)
    {
        var runs = ActivityRun.AllOf(record, people);
        var byExecution = runs.ToDictionary(r => r.Execution, StringComparer.Ordinal);
        var lines = record.Log.Select(l => new JournalLine(byExecution[l.Execution], l.Sequence - 1, Words(l.Event), l.At, l.Message) { Payload = Payload(l, byExecution[l.Execution]) });
        // The time is that of the start: nothing else of a running step's times is stored.
        var next = record.Log.Count == 0 ? 0 : record.Log[^1].Sequence;
        var progress = runs.Where(r => r.Progress is { StartedAt: not null }).Select((r, i) => new JournalLine(r, next + i, "Progress", r.Progress!.StartedAt!.Value, Said(r.Progress))
        {
            Payload = RunShapes.Progress(r.Progress),
        });
        return [.. lines, .. progress];
    }

    /// <summary>A line by itself, which Elsa gives with the instance and the definition it is of.</summary>
    public static JsonObject Alone(JournalLine line, InstanceRecord record)
    {
        var (json, instance) = (line.ToJson(), record.Summary);
        json["workflowInstanceId"] = instance.Id;
        json["workflowDefinitionId"] = instance.DefinitionId;
        json["workflowDefinitionVersionId"] = new DefinitionVersionId(instance.DefinitionId, instance.DefinitionVersion).ToString();
        json["workflowVersion"] = instance.DefinitionVersion;
        json["activityNodeId"] = line.Run.NodePath;
        return json;
    }

    static string Said(StepProgress step) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{step.Fraction * 100:0} %{(step.Message is null ? "" : $", {step.Message}")}");

    static JsonObject? Payload(LogEntry line, ActivityRun run)
    {
        var payload = new JsonObject();
        if (line.Event == LogEvent.Faulted)
            (payload["exception"], payload["message"], payload["source"], payload["data"]) = (RunShapes.FaultType, line.Message, line.Activity, new JsonObject());
        if (line.Outcomes is not null) payload["Outcomes"] = new JsonArray([.. line.Outcomes.Select(o => JsonValue.Create(o))]);
        if (line.Seconds is { } seconds) payload["Seconds"] = Math.Round(seconds, 3);
        if (line.Cached) payload["FromCache"] = true;
        if (line.Event == LogEvent.Waiting && run.People is not null && line.At == run.WaitsSince) payload["People"] = RunShapes.People(run.People);
        if (line.Event == LogEvent.Completed && RunShapes.Links(run) is { Count: > 0 } links) payload["Links"] = links;
        return payload.Count == 0 ? null : payload;
    }

    static string Words(LogEvent what) => what switch
    {
        LogEvent.Waiting => "Suspended",
        LogEvent.Cancelled => "Canceled",
        _ => what.ToString(),
    };
}

/// <summary>A line of the journal.</summary>
sealed record JournalLine(ActivityRun Run, int Sequence, string Event, DateTimeOffset At, string? Message)
{
    public JsonObject? Payload { get; init; }

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["id"] = $"{Run.Instance}.{Sequence}",
            ["activityInstanceId"] = Run.Id,
            ["activityId"] = Run.Activity,
            ["activityType"] = Run.Type,
            ["activityTypeVersion"] = 1,
            ["nodeId"] = Run.NodePath,
            ["timestamp"] = Replies.Time(At),
            ["sequence"] = Sequence,
            ["eventName"] = Event,
        };
        if (Run.Parent is { } parent) json["parentActivityInstanceId"] = new ExecutionId(Run.Instance, parent).ToString();
        if (RunShapes.NameOf(Run) is { } name) json["activityName"] = name;
        if (Message is not null) json["message"] = Message;
        if (Payload is not null) json["payload"] = Payload;
        return json;
    }
}
