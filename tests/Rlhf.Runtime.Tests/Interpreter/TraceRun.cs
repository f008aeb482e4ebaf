using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

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
            refused, Observed.EventsIn(_trace, _first?.Log.Select(EventOf) ?? []), Joined(started.Where(l => l.Inputs is not null).Select(l => Observed.Line(l.Activity, l.Inputs!))),
            Joined(started.Where(l => completed.ContainsKey(l.Execution)).Select(l => Observed.Line(l.Activity, completed[l.Execution]))),
            StatusOf(_first), _first is null ? "null" : Observed.Plain(Variables()), _first is null ? "null" : Observed.Plain(ToObject(_first.State!.Outputs)),
            IncidentsOf(_first), Joined(_before), string.Join(" | ", children));
    }

    static string EventOf(LogEntry entry)
    {
        var name = entry.Event switch { LogEvent.Waiting => "Suspended", LogEvent.Cancelled => "Canceled", var other => other.ToString() };
        return $"{entry.Execution}.{name}{(entry.Outcomes is null ? "" : JsonSerializer.Serialize(entry.Outcomes))}";
    }

    // The recordings list all children, waited for or not; no recording has two generations.
    bool IsChildOf(HostInstance instance, HostInstance parent) =>
        instance.Definition.DefinitionId != parent.Definition.DefinitionId && _trace.Json["children"] is not null;

    JsonObject Variables() => new(_definition.Variables.Select(v => KeyValuePair.Create(v.Name, _first!.State!.Variables.GetValueOrDefault(v.Id)?.DeepClone())));

    static JsonObject ToObject(IEnumerable<KeyValuePair<string, JsonNode?>> values) => new(values.Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));

    static string Joined(IEnumerable<string> lines) => string.Join(" ", lines.Where(l => l.Length > 0));

    static string Events(HostInstance? instance) => string.Join(" ", instance?.Log.Select(EventOf) ?? []);

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
