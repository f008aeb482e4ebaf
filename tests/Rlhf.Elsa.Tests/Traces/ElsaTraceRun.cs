using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests;

namespace Rlhf.Elsa.Tests.Traces;

/// <summary>
/// Sends a recording's definitions and stimuli to a running host, as they were sent to the server that it was recorded from, and reads what came of it in
/// the form of a recording.
/// </summary>
sealed partial class ElsaTraceRun(RunningHost host, Trace trace)
{
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(20), Quiet = TimeSpan.FromSeconds(0.4);

    readonly JsonArray _before = [];
    readonly HashSet<string> _tasks = [];
    string? _instance;

    public async Task<Trace> PlayAsync()
    {
        foreach (var other in trace.Definitions.Skip(1)) await PublishAsync(other, publish: true);
        await PublishAsync(trace.Definition, trace.Json["publish"]?["publish"] is not null);
        var stimuli = (trace.Json["stimuli"] as JsonArray ?? []).Select(s => s!.AsObject()).ToList();
        foreach (var early in stimuli.Where(s => s["beforeStart"] is not null)) await StimulateAsync(early);
        if (trace.Json["start"]?["request"] is JsonObject start) await StartAsync(start);
        foreach (var stimulus in stimuli.Where(s => s["beforeStart"] is null)) await StimulateAsync(stimulus);
        if (_instance is null) await FindAsync();
        if (trace.Final is { } final && _instance is not null) await UntilAsync(final);
        var played = await RecordAsync();
        foreach (var definition in trace.Definitions) await host.AskAsync("DELETE", $"workflow-definitions/{definition["definitionId"]}");
        return new(trace.Name, played);
    }

    async Task PublishAsync(JsonObject definition, bool publish)
    {
        await host.AskAsync("POST", "workflow-definitions/import", definition);
        if (publish) await host.AskAsync("POST", $"workflow-definitions/{definition["definitionId"]}/publish", new JsonObject());
    }

    async Task StartAsync(JsonObject request)
    {
        var (_, body) = await host.AskAsync($"{request["method"]}", $"{request["path"]}", request["body"]?.DeepClone());
        _instance ??= Text(body?["workflowState"]?["id"]) ?? Text(body?["workflowInstanceId"]);
        if (_instance is null) await FindAsync();
    }

    /// <summary>The instance of the definition that the recording shows, where no answer named one: a fault is answered with 500.</summary>
    async Task FindAsync()
    {
        var (_, body) = await host.AskAsync("GET", $"workflow-instances?definitionId={trace.Definition["definitionId"]}&orderBy=Created&orderDirection=Ascending");
        _instance = Text((body?["items"] as JsonArray)?.FirstOrDefault()?["id"]);
    }

    async Task StimulateAsync(JsonObject stimulus)
    {
        if (stimulus["waitSeconds"] is { } seconds)
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds.GetValue<double>()));
            return;
        }
        if (stimulus["when"] is JsonObject when)
        {
            if (_instance is null) await FindAsync();
            _before.Add(new JsonObject { ["when"] = await UntilAsync(when) });
        }
        var request = stimulus["request"]!.AsObject();
        var path = $"{request["path"]}".Replace("{instanceId}", _instance, StringComparison.Ordinal);
        if (path.Contains("{taskId}", StringComparison.Ordinal)) path = path.Replace("{taskId}", await TaskAsync(), StringComparison.Ordinal);
        var body = request["body"]?.DeepClone() as JsonObject;
        if (body?["workflowInstanceId"]?.ToString() == "{instanceId}") body["workflowInstanceId"] = _instance;
        await host.AskAsync($"{request["method"]}", path, body);
    }

    /// <summary>The task that is waited for; one that was completed already may still stand there for a moment.</summary>
    async Task<string> TaskAsync()
    {
        for (var i = 0; i < 50; i++, await Task.Delay(100))
        {
            var payload = (await host.AskAsync("GET", $"workflow-instances/{_instance}")).Body!["workflowState"]!["bookmarks"]?.AsArray().FirstOrDefault()?["payload"];
            if ((payload?["taskId"] ?? payload?["TaskId"])?.ToString() is { } task && _tasks.Add(task)) return task;
        }
        throw new InvalidOperationException($"{trace.Name}: no new task is waited for.");
    }

    /// <summary>
    /// Waits until the instance is as the recording has it, and stays so for a moment (a burst that a stimulus has just begun is not seen at once), or for as long
    /// as anything could take; what it is then.
    /// </summary>
    async Task<JsonObject?> UntilAsync(JsonObject expected)
    {
        for (var began = Environment.TickCount64; Environment.TickCount64 - began < Longest.TotalMilliseconds; await Task.Delay(100))
        {
            if (!IsAs(expected, await StatusAsync(_instance))) continue;
            await Task.Delay(Quiet);
            if (await StatusAsync(_instance) is { } now && IsAs(expected, now)) return now;
        }
        return await StatusAsync(_instance);
    }

    static bool IsAs(JsonObject expected, JsonObject? now) =>
        now is not null && $"{now["status"]}/{now["subStatus"]} {now["bookmarks"]}" == $"{expected["status"]}/{expected["subStatus"]} {expected["bookmarks"]}";

    async Task<JsonObject?> StatusAsync(string? instance)
    {
        if (instance is null || (await host.AskAsync("GET", $"workflow-instances/{instance}")).Body is not JsonObject body) return null;
        var state = body["workflowState"]!;
        return new() { ["status"] = $"{state["status"]}", ["subStatus"] = $"{state["subStatus"]}", ["bookmarks"] = (state["bookmarks"] as JsonArray ?? []).Count };
    }

    async Task<JsonObject> RecordAsync()
    {
        var record = new JsonObject
        {
            ["definition"] = trace.Definition.DeepClone(),
            ["unordered"] = trace.Json["unordered"]?.DeepClone(),
            ["stimuli"] = _before.DeepClone(),
            ["trace"] = await EventsAsync(_instance),
            ["executions"] = await ExecutionsAsync(),
            ["final"] = await FinalAsync(_instance),
        };
        if (trace.Json["children"] is null) return record;
        var children = new JsonArray();
        foreach (var definition in trace.Definitions.Skip(1).Select(d => $"{d["definitionId"]}"))
        {
            var (_, body) = await host.AskAsync("GET", $"workflow-instances?definitionId={definition}&orderBy=Created&orderDirection=Ascending");
            foreach (var child in (body?["items"] as JsonArray ?? []).Select(i => Text(i!["id"])!))
            {
                var expected = (trace.Json["children"] as JsonArray)!.FirstOrDefault(c => $"{c!["definitionId"]}" == definition)?["final"] as JsonObject;
                if (expected is not null) await ChildUntilAsync(child, expected);
                children.Add(new JsonObject { ["definitionId"] = definition, ["trace"] = await EventsAsync(child), ["final"] = await FinalAsync(child) });
            }
        }
        record["children"] = children;
        return record;
    }

    async Task ChildUntilAsync(string child, JsonObject expected)
    {
        for (var i = 0; i < 50 && $"{(await StatusAsync(child))?["subStatus"]}" != $"{expected["subStatus"]}"; i++) await Task.Delay(100);
    }

    async Task<JsonArray> EventsAsync(string? instance)
    {
        var events = new JsonArray();
        if (instance is null) return events;
        var (_, body) = await host.AskAsync("GET", $"workflow-instances/{instance}/journal?page=0&pageSize=1000");
        var outcomes = (await ExecutedAsync(instance)).ToDictionary(e => $"{e["id"]}", e => Outcomes(e["payload"]));
        var runs = new Dictionary<string, List<string>>();
        foreach (var line in (body?["items"] as JsonArray ?? []).Select(i => i!.AsObject()))
        {
            var activity = $"{line["activityId"]}";
            if (!runs.TryGetValue(activity, out var known)) runs[activity] = known = [];
            if (!known.Contains($"{line["activityInstanceId"]}")) known.Add($"{line["activityInstanceId"]}");
            var entry = new JsonObject { ["activityId"] = activity, ["event"] = $"{line["eventName"]}" };
            if (known.IndexOf($"{line["activityInstanceId"]}") is > 0 and var run) entry["run"] = run + 1;
            if (entry["event"]!.ToString() == "Completed" && outcomes.GetValueOrDefault($"{line["activityInstanceId"]}") is { } given) entry["outcomes"] = given.DeepClone();
            events.Add(entry);
        }
        return events;
    }

    async Task<JsonArray> ExecutionsAsync()
    {
        if (_instance is null) return [];
        return new([.. (await ExecutedAsync(_instance)).Select(i => new JsonObject
        {
            ["activityId"] = $"{i["activityId"]}", ["state"] = i["activityState"] is JsonObject { Count: > 0 } state ? Stripped(state) : null, ["outputs"] = Stripped(i["outputs"]),
        })]);
    }

    async Task<IEnumerable<JsonObject>> ExecutedAsync(string instance) =>
        ((await host.AskAsync("GET", $"activity-executions/list?workflowInstanceId={instance}")).Body?["items"] as JsonArray ?? []).Select(i => i!.AsObject());

    async Task<JsonObject?> FinalAsync(string? instance)
    {
        if (await StatusAsync(instance) is not { } final) return null;
        var state = (await host.AskAsync("GET", $"workflow-instances/{instance}")).Body!["workflowState"]!;
        var variables = (await host.AskAsync("GET", $"workflow-instances/{instance}/variables")).Body?["items"] as JsonArray ?? [];
        final["variables"] = new JsonObject(variables.DistinctBy(v => $"{v!["name"]}").Select(v => KeyValuePair.Create($"{v!["name"]}", Stripped(v["value"]))));
        final["output"] = Stripped(state["output"]) ?? new JsonObject();
        final["incidents"] = new JsonArray([.. (state["incidents"] as JsonArray ?? []).Select(i => new JsonObject { ["activityId"] = $"{i!["activityId"]}" })]);
        return final;
    }

    static JsonArray? Outcomes(JsonNode? payload) => (payload?["Outcomes"] ?? payload?["outcomes"]) switch
    {
        JsonArray outcomes => outcomes.DeepClone().AsArray(),
        JsonObject wrapped when (wrapped["_items"] ?? wrapped["items"]) is JsonArray outcomes => outcomes.DeepClone().AsArray(),
        _ => null,
    };

    /// <summary>Without the marks by which Elsa knows CLR types again, and with ids as the recordings have them.</summary>
    static JsonNode? Stripped(JsonNode? value) => value switch
    {
        JsonObject wrapped when wrapped["_items"] is JsonArray items => Stripped(items),
        JsonObject json => new JsonObject(json.Where(m => m.Key != "_type").Select(m => KeyValuePair.Create(m.Key, Stripped(m.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Stripped)]),
        JsonValue text when text.TryGetValue<string>(out var plain) => Id().Replace(plain, "<id>"),
        _ => value?.DeepClone(),
    };

    [GeneratedRegex(@"\b[0-9a-f]{13,16}\b")]
    private static partial Regex Id();

    static string? Text(JsonNode? node) => node?.ToString() is { Length: > 0 } text ? text : null;
}
