using System.Text.Json.Nodes;
using Rlhf.Runtime;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Artifacts;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Runs of activities in Elsa's shapes.</summary>
static class RunShapes
{
    /// <summary>A run in full.</summary>
    public static JsonObject Full(ActivityRun run)
    {
        var json = Summary(run);
        if (!run.IsWorkflow) json["activityState"] = run.State();
        if (Payload(run) is { Count: > 0 } payload) json["payload"] = Map(payload);
        if (run.Given() is { } outputs) json["outputs"] = outputs;
        json["properties"] = Map(Properties(run));
        if (run.Fault is not null) json["exception"] = Exception(run.Fault);
        json["tenantId"] = "";
        return json;
    }

    public static JsonObject Summary(ActivityRun run)
    {
        var json = new JsonObject
        {
            ["workflowInstanceId"] = run.Instance,
            ["activityId"] = run.Activity,
            ["activityNodeId"] = run.NodePath,
            ["activityType"] = run.Type,
            ["activityTypeVersion"] = 1,
            ["activityName"] = NameOf(run),
            ["startedAt"] = Replies.Time(run.StartedAt),
            ["hasBookmarks"] = run.Wait is not null,
            ["status"] = run.Status,
            ["metadata"] = Map(Links(run) is { Count: > 0 } links ? new() { ["links"] = links } : []),
            ["aggregateFaultCount"] = run.Faults,
            ["id"] = run.Id,
        };
        if (run.CompletedAt is { } completed) json["completedAt"] = Replies.Time(completed);
        return json;
    }

    /// <summary>How often the activity at one place ran, and how.</summary>
    public static JsonObject Stats(IReadOnlyList<ActivityRun> runs)
    {
        var (first, completed) = (runs[0], runs.Count(r => r.CompletedAt is not null));
        return new()
        {
            ["activityId"] = first.Activity,
            ["activityNodeId"] = first.NodePath,
            ["startedCount"] = runs.Count,
            ["completedCount"] = completed,
            ["uncompletedCount"] = runs.Count - completed,
            ["isBlocked"] = runs.Any(r => r.Wait is not null),
            ["isFaulted"] = runs.Any(r => r.Status == "Faulted"),
            ["aggregateFaultCount"] = runs.Sum(r => r.Faults),
            ["metadata"] = Map([]),
        };
    }

    public static JsonObject Properties(ActivityRun run) => run.Variables is null ? []
        : new() { ["Variables"] = new JsonObject(run.Variables.Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone()))) };

    public static string? NameOf(ActivityRun run) => run.IsWorkflow ? null : run.Of?.Name ?? run.Activity;

    /// <summary>What there is to say of a run beside what it was given and gave: its outcomes, how far a step is, what it waits for.</summary>
    public static JsonObject Payload(ActivityRun run)
    {
        var payload = new JsonObject();
        if (run.Status == "Completed" && !run.IsWorkflow) payload["Outcomes"] = new JsonArray([.. (run.Outcomes ?? ["Done"]).Select(o => JsonValue.Create(o))]);
        if (run.Cached) payload["FromCache"] = true;
        if (run.Seconds is { } seconds) payload["Seconds"] = Math.Round(seconds, 3);
        if (run.Notices is not null) payload["Notices"] = new JsonArray([.. run.Notices.Split('\n').Select(n => JsonValue.Create(n))]);
        if (run.Progress is { } step) payload["Progress"] = Progress(step);
        if (run.Wait is not null) payload["WaitsFor"] = run.Wait.WaitsFor;
        if (run.People is not null) payload["People"] = People(run.People);
        return payload;
    }

    public static JsonObject People(PeopleWait people)
    {
        var json = new JsonObject { ["Judged"] = people.Judged, ["Missing"] = people.Missing };
        if (people.Place is not null) json["Place"] = people.Place;
        if (people.Trouble is not null) json["Trouble"] = people.Trouble;
        if (people.Promotion is not null) json["Link"] = $"/promotions/{people.Promotion}";
        return json;
    }

    public static JsonObject Progress(StepProgress step)
    {
        var json = new JsonObject { ["Fraction"] = Math.Round(step.Fraction, 4), ["Message"] = step.Message, ["Queue"] = step.Queue, ["Worker"] = step.Worker };
        if (step.Metrics is not null) json["Metrics"] = step.Metrics.DeepClone();
        return json;
    }

    /// <summary>By the name of an output, where on this server there is more about the artifact.</summary>
    public static JsonObject Links(ActivityRun run)
    {
        var links = new JsonObject();
        foreach (var (name, value) in run.Given() ?? [])
        {
            if (value is JsonValue text && text.TryGetValue<string>(out var reference) && ArtifactLinks.Find(reference) is { } address) links[name] = address;
        }
        return links;
    }

    /// <summary>Of every failure: a step tells why, and not by which exception.</summary>
    public const string FaultType = "Rlhf.Fault";

    public static JsonObject Exception(string reason) => new() { ["type"] = FaultType, ["message"] = reason };

    /// <summary>A dictionary as Elsa writes those of any values.</summary>
    static JsonObject Map(JsonObject values)
    {
        values["_type"] = "ObjectMap";
        return values;
    }
}
