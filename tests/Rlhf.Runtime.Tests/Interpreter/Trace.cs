using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

/// <summary>A recording of a real Elsa server.</summary>
internal sealed record Trace(string Name, JsonObject Json)
{
    // The list of the first section of the issue; written out, so that the test does not ask the reader what it knows.
    static readonly string[] Activities =
    [
        "Elsa.Flowchart", "Elsa.Sequence", "Elsa.FlowDecision", "Elsa.FlowSwitch", "Elsa.FlowFork", "Elsa.FlowJoin", "Elsa.If", "Elsa.SetVariable",
        "Elsa.SetOutput", "Elsa.RunJavaScript", "Elsa.WriteLine", "Elsa.Start", "Elsa.End", "Elsa.Finish", "Elsa.Fault", "Elsa.Delay", "Elsa.Timer",
        "Elsa.Cron", "Elsa.Event", "Elsa.PublishEvent", "Elsa.DispatchWorkflow",
    ];

    static readonly string[] Expressions = ["Literal", "Variable", "Object", "JavaScript"];

    public JsonObject Definition => Json["definition"]!.AsObject();

    public IEnumerable<JsonObject> Definitions => (Json["otherDefinitions"] as JsonArray ?? []).Select(d => d!.AsObject()).Prepend(Definition);

    public JsonObject? Final => Json["final"] as JsonObject;

    /// <summary>The types of activities, expressions and of the root that are not in the list.</summary>
    public IReadOnlyList<string> OutsideTheList() => [.. Definitions.Where(d => d["root"] is not null).SelectMany(d =>
        Types(d["root"]!).Where(t => !Activities.Contains(t) && !Expressions.Contains(t))
            .Concat(d["root"]!["type"]!.ToString() is var root && root is "Elsa.Flowchart" or "Elsa.Sequence" ? [] : [root])).Distinct()];

    static IEnumerable<string> Types(JsonNode? node) => node switch
    {
        JsonArray array => array.SelectMany(Types),
        JsonObject { } json when json["expression"] is JsonObject expression => [expression["type"]!.ToString()],
        JsonObject { } json when json["condition"] is JsonObject condition && json["label"] is not null => [condition["type"]!.ToString()],
        JsonObject json => json.Where(m => m.Key is not ("variable" or "start" or "variables" or "connections")).SelectMany(m => Types(m.Value))
            .Concat(json["id"] is not null && json["type"] is not null ? [json["type"]!.ToString()] : []),
        _ => [],
    };

    public IReadOnlyList<string> Events => Observed.EventsOf(Json["trace"]!);

    public bool Has(string @event) => Json["trace"]!.AsArray().Any(t => t!["event"]!.ToString() == @event);

    /// <summary>Every expression's text, wherever it stands.</summary>
    public string Scripts => string.Join("\n", Definitions.Select(d => d.ToJsonString()));
}

/// <summary>What is compared, as lines of text, of the recording and of our run alike.</summary>
internal sealed record Observed(
    string? Refused, string Events, string Inputs, string Outputs, string Status, string Variables, string Output, string Incidents, string Before, string Children)
{
    public static Observed Of(Trace trace)
    {
        var (final, executions) = (trace.Final, trace.Json["executions"] as JsonArray ?? []);
        return new(
            null, EventsIn(trace, trace.Events), InputsOf(executions), OutputsOf(executions), StatusOf(final), Plain(final?["variables"]), Plain(final?["output"]),
            IncidentsOf(final), BeforeOf(trace), string.Join(" | ", (trace.Json["children"] as JsonArray ?? []).Select(c =>
                $"{c!["definitionId"]}: {string.Join(" ", EventsOf(c["trace"]!))} {StatusOf(c["final"])} {Plain(c["final"]!["output"])} {IncidentsOf(c["final"])}")));
    }

    public static IReadOnlyList<string> EventsOf(JsonNode trace) => [.. trace.AsArray().Select(t =>
        $"{t!["activityId"]}{(t["run"] is { } run ? $"#{run}" : "")}.{t["event"]}{(t["outcomes"] is JsonArray outcomes ? outcomes.ToJsonString() : "")}")];

    /// <summary>In order, unless two recordings of the same differed in that.</summary>
    public static string EventsIn(Trace trace, IEnumerable<string> events) =>
        string.Join(" ", trace.Json["unordered"]?.GetValueKind() == JsonValueKind.True ? events.Order(StringComparer.Ordinal) : events);

    public static string EventOf(LogEntry entry)
    {
        var name = entry.Event switch { LogEvent.Waiting => "Suspended", LogEvent.Cancelled => "Canceled", var other => other.ToString() };
        return $"{entry.Execution}.{name}{(entry.Outcomes is null ? "" : JsonSerializer.Serialize(entry.Outcomes))}";
    }

    public IEnumerable<(string What, string Elsa, string Ours)> Differences(Observed ours)
    {
        (string What, string Elsa, string Ours)[] all =
        [
            ("refused", Refused ?? "", ours.Refused ?? ""), ("events", Events, ours.Events), ("inputs", Inputs, ours.Inputs), ("outputs", Outputs, ours.Outputs),
            ("status", Status, ours.Status), ("variables", Variables, ours.Variables), ("output", Output, ours.Output), ("incidents", Incidents, ours.Incidents),
            ("status before a stimulus", Before, ours.Before), ("children", Children, ours.Children),
        ];
        return all.Where(d => d.Elsa != d.Ours);
    }

    static string BeforeOf(Trace trace) => string.Join(" ", (trace.Json["stimuli"] as JsonArray ?? []).Select(s => s!["when"]).OfType<JsonObject>().Select(StatusOf));

    static string StatusOf(JsonNode? final) => final is null ? "none" : $"{final["status"]}/{final["subStatus"]} {final["bookmarks"]}";

    static string IncidentsOf(JsonNode? final) => string.Join(" ", (final?["incidents"] as JsonArray ?? []).Select(i => i!["activityId"]));

    static string InputsOf(JsonArray executions) => string.Join(" ", executions.Where(e => e!["state"] is not null)
        .Select(e => Line(e!["activityId"]!.ToString(), Properties(e["state"]!.AsObject()))).Where(l => l.Length > 0));

    // Elsa's journal shows the parent's id in the input of a child that is not waited for; the variable and the cases stand in the file.
    static JsonObject Properties(JsonObject state)
    {
        var properties = new JsonObject(state.Where(s => s.Key is not ("Variable" or "Cases")).Select(s => KeyValuePair.Create(char.ToLowerInvariant(s.Key[0]) + s.Key[1..], s.Value?.DeepClone())));
        (properties["input"] as JsonObject)?.Remove("ParentInstanceId");
        return properties;
    }

    static string OutputsOf(JsonArray executions) => string.Join(" ", executions.Where(e => e!["outputs"] is not null)
        .Select(e => Line(e!["activityId"]!.ToString(), e["outputs"]!.AsObject())).Where(l => l.Length > 0));

    public static string Line(string activity, JsonObject values) => Plain(values) is { Length: > 2 } plain ? activity + plain : "";

    /// <summary>Null and absent are the same; numbers by value; members by name.</summary>
    public static string Plain(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject json => "{" + string.Join(",", json.Where(m => m.Value is not null).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}:{Plain(m.Value)}")) + "}",
        JsonArray array => "[" + string.Join(",", array.Select(Plain)) + "]",
        _ when value.GetValueKind() == JsonValueKind.Number => decimal.Parse(value.ToJsonString(), System.Globalization.NumberStyles.Float).ToString("0.############"),
        _ => value.ToString() is var text && value.GetValueKind() == JsonValueKind.String ? $"'{text}'" : value.ToJsonString(),
    };
}

/// <summary>Runs a recording's definition through the interpreter with what was sent to it, in the same order.</summary>
internal sealed class TraceRun
{
    readonly Trace _trace;
    readonly MemoryHost _host = new(Some.Time);
    readonly List<string> _before = [];
    HostInstance? _first;
    WorkflowDefinition _definition = null!;

    TraceRun(Trace trace) => _trace = trace;

    /// <summary>Refused holds the message where the definition or the start is refused.</summary>
    public static (Observed Observed, HostInstance? Instance) Of(Trace trace)
    {
        var run = new TraceRun(trace);
        string? refused = null;
        try
        {
            run.Play();
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            refused = e.Message;
        }
        return (run.Observe(refused), run._first);
    }

    void Play()
    {
        foreach (var other in _trace.Definitions.Skip(1)) Publish(Some.Read(other));
        _definition = Some.Read(_trace.Definition);
        if (_trace.Json["publish"]?["publish"] is not null) Publish(_definition);
        var stimuli = (_trace.Json["stimuli"] as JsonArray ?? []).Select(s => s!.AsObject()).ToList();
        foreach (var early in stimuli.Where(s => s["beforeStart"] is not null)) Stimulate(early);
        if (_trace.Json["start"]?["request"] is JsonObject start) Start(start);
        foreach (var stimulus in stimuli.Where(s => s["beforeStart"] is null))
        {
            // What a trigger has started is the instance that the recording shows.
            _first ??= _host.Instances.FirstOrDefault(i => i.Definition.DefinitionId == _definition.DefinitionId);
            Stimulate(stimulus);
        }
        _first ??= _host.Instances.FirstOrDefault(i => i.Definition.DefinitionId == _definition.DefinitionId);
    }

    void Publish(WorkflowDefinition definition)
    {
        if (WorkflowLint.Errors(definition) is { Count: > 0 } errors) throw new InvalidDataException(string.Join("; ", errors));
        _host.Publish(definition);
    }

    void Start(JsonObject request)
    {
        var body = request["body"] as JsonObject;
        // A draft runs only where it is asked for.
        var version = body?["versionOptions"]?.ToString() ?? "Published";
        if (_trace.Json["publish"]?["publish"] is null && version.StartsWith("Published", StringComparison.Ordinal)) return;
        var inputs = (body?["input"] ?? _trace.Json["input"])?.DeepClone() as JsonObject ?? [];
        // In Elsa an activity that is named as the trigger does not wait, whatever else it is.
        var at = body?["triggerActivityId"]?.ToString();
        var instance = _host.Start(_definition, inputs, at, triggered: at is not null);
        _first ??= instance;
        _host.Advance(TimeSpan.Zero);
    }

    void Stimulate(JsonObject stimulus)
    {
        if (stimulus["when"] is not null) _before.Add(StatusOf(_first));
        if (stimulus["waitSeconds"] is { } seconds)
        {
            _host.Advance(TimeSpan.FromSeconds(seconds.GetValue<double>()));
            return;
        }
        var request = stimulus["request"]!.AsObject();
        var (path, body) = (request["path"]!.ToString().Split('/', StringSplitOptions.RemoveEmptyEntries), request["body"] as JsonObject);
        switch (path)
        {
            case ["events", var name, "trigger"]:
                _host.Send(Uri.UnescapeDataString(name), body?["input"]?.DeepClone() ?? new JsonObject(), body?["workflowInstanceId"]?.ToString().Replace("{instanceId}", _first?.Id));
                break;
            case ["cancel", "workflow-instances", ..]: _host.Cancel(_first!.Id); break;
            case ["workflow-definitions", _, "execute" or "dispatch"]: Start(request); break;
            default: throw new InvalidOperationException($"{_trace.Name}: the stimulus '{string.Join('/', path)}' is not known here.");
        }
        _host.Advance(TimeSpan.Zero);
    }

    Observed Observe(string? refused)
    {
        var children = _host.Instances.Where(i => i != _first && _first is not null && IsChildOf(i, _first)).Select(c =>
            $"{c.Definition.DefinitionId}: {Events(c)} {StatusOf(c)} {Observed.Plain(ToObject(c.State!.Outputs))} {IncidentsOf(c)}");
        var completed = _first?.Log.Where(l => l is { Event: LogEvent.Completed, Outputs: not null }).ToDictionary(l => l.Execution, l => l.Outputs!) ?? [];
        var started = _first?.Log.Where(l => l.Event == LogEvent.Started).ToList() ?? [];
        return new(
            refused, Observed.EventsIn(_trace, _first?.Log.Select(Observed.EventOf) ?? []), Joined(started.Where(l => l.Inputs is not null).Select(l => Observed.Line(l.Activity, l.Inputs!))),
            Joined(started.Where(l => completed.ContainsKey(l.Execution)).Select(l => Observed.Line(l.Activity, completed[l.Execution]))),
            StatusOf(_first), _first is null ? "null" : Observed.Plain(Variables()), _first is null ? "null" : Observed.Plain(ToObject(_first.State!.Outputs)),
            IncidentsOf(_first), Joined(_before), string.Join(" | ", children));
    }

    // The recordings list all children, waited for or not; no recording has two generations.
    bool IsChildOf(HostInstance instance, HostInstance parent) =>
        instance.Definition.DefinitionId != parent.Definition.DefinitionId && _trace.Json["children"] is not null;

    JsonObject Variables() => new(_definition.Variables.Select(v => KeyValuePair.Create(v.Name, _first!.State!.Variables.GetValueOrDefault(v.Id)?.DeepClone())));

    static JsonObject ToObject(IEnumerable<KeyValuePair<string, JsonNode?>> values) => new(values.Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));

    static string Joined(IEnumerable<string> lines) => string.Join(" ", lines.Where(l => l.Length > 0));

    static string Events(HostInstance? instance) => string.Join(" ", instance?.Log.Select(Observed.EventOf) ?? []);

    static string IncidentsOf(HostInstance? instance) => string.Join(" ", instance?.State!.Incidents.Select(i => i.Activity) ?? []);

    static string StatusOf(HostInstance? instance) => instance?.State!.Status switch
    {
        null => "none",
        WorkflowStatus.Finished => "Finished/Finished 0",
        WorkflowStatus.Faulted => "Finished/Faulted 0",
        WorkflowStatus.Cancelled => "Finished/Cancelled 0",
        WorkflowStatus.Suspended => $"Running/Suspended {instance!.State!.Waits.Count()}",
        var other => $"{other}",
    };
}
