using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Tests.Support;

/// <summary>An instance in memory: its state, and everything that happened to it.</summary>
internal sealed record HostInstance(string Id, WorkflowDefinition Definition, string? Parent)
{
    public WorkflowState? State { get; set; }

    public List<LogEntry> Log { get; } = [];

    public List<WorkflowEvent> Events { get; } = [];

    public bool IsOpen => State is { Status: WorkflowStatus.Running or WorkflowStatus.Suspended };
}

/// <summary>
/// Does what the interpreter asks for, in memory and in order: children, published events, times, triggers. Steps are left to the test.
/// States go through their stored form between any two events.
/// </summary>
internal sealed class MemoryHost(DateTimeOffset now)
{
    static readonly TimeSpan EarlyEventsAreKept = TimeSpan.FromMinutes(1);

    readonly Dictionary<string, WorkflowDefinition> _definitions = [];
    readonly List<(string Name, JsonNode? Payload, string? Instance, DateTimeOffset Until)> _early = [];
    readonly List<(WorkflowDefinition Definition, WorkflowTrigger Trigger, DateTimeOffset Due)> _schedules = [];
    readonly Queue<Action> _work = new();

    public DateTimeOffset Now { get; private set; } = now;

    public List<HostInstance> Instances { get; } = [];

    public List<string> Lines { get; } = [];

    public void Publish(WorkflowDefinition definition)
    {
        _definitions[definition.DefinitionId] = definition;
        _schedules.AddRange(WorkflowTriggers.Of(definition).Where(t => t.Kind != TriggerKind.Event).Select(t => (definition, t, t.Next(Now, TimeZoneInfo.Utc)!.Value)));
    }

    public HostInstance? Start(WorkflowDefinition definition, JsonObject inputs, string? at = null, bool triggered = false, JsonNode? payload = null, string? id = null, string? parent = null)
    {
        var bound = WorkflowInputs.Bind(definition, inputs);
        if (definition.Singleton && Instances.Any(i => i.IsOpen && i.Definition.DefinitionId == definition.DefinitionId)) return null;
        var instance = new HostInstance(id ?? $"instance-{Instances.Count + 1}", definition, parent);
        Instances.Add(instance);
        Apply(instance, new Started(Now, instance.Id, bound, at) { Triggered = triggered, Payload = payload });
        Work();
        return instance;
    }

    public void Send(string name, JsonNode? payload, string? only = null)
    {
        _work.Enqueue(() => Deliver(name, payload, only));
        Work();
    }

    public void Cancel(string instance)
    {
        if (Instances.FirstOrDefault(i => i.Id == instance) is { State.Ended: false } found) Apply(found, new Cancelled(Now));
        Work();
    }

    /// <summary>Hands an event of the test's own to an instance.</summary>
    public void Give(HostInstance instance, Func<DateTimeOffset, WorkflowEvent> @event)
    {
        Apply(instance, @event(Now));
        Work();
    }

    /// <summary>Lets time pass; whatever is due on the way happens at its time.</summary>
    public void Advance(TimeSpan time)
    {
        var end = Now + time;
        while (NextDue() is { } due && due.At <= end)
        {
            Now = due.At > Now ? due.At : Now;
            due.Happens();
            Work();
        }
        Now = end;
    }

    (DateTimeOffset At, Action Happens)? NextDue()
    {
        var waits = Instances.Where(i => i.IsOpen).SelectMany(i => i.State!.Waits.Where(e => e.WakeAt is not null)
            .Select(e => (At: e.WakeAt!.Value, Happens: (Action)(() => Apply(i, new StepResumed(Now, e.Id))))));
        var schedules = _schedules.Select((s, i) => (At: s.Due, Happens: (Action)(() =>
        {
            _schedules[i] = s with { Due = s.Trigger.Next(Now, TimeZoneInfo.Utc)!.Value };
            Start(s.Definition, [], s.Trigger.ActivityId, triggered: true);
        })));
        var all = waits.Concat(schedules).ToList();
        return all.Count == 0 ? null : all.MinBy(d => d.At);
    }

    void Work()
    {
        while (_work.TryDequeue(out var next)) next();
    }

    void Deliver(string name, JsonNode? payload, string? only)
    {
        var waiting = Instances.Where(i => i.State!.WaitsFor(name) && (only is null || i.Id == only)).ToList();
        var starting = only is not null ? [] : _definitions.Values.SelectMany(d => WorkflowTriggers.Of(d).Where(t => t.Kind == TriggerKind.Event && t.Expression == name).Select(t => (d, t))).ToList();
        foreach (var instance in waiting) Apply(instance, new EventReceived(Now, name, payload));
        foreach (var (definition, trigger) in starting) Start(definition, [], trigger.ActivityId, triggered: true, payload);
        if (waiting.Count == 0 && starting.Count == 0) _early.Add((name, payload, only, Now + EarlyEventsAreKept));
    }

    void Apply(HostInstance instance, WorkflowEvent @event)
    {
        var transition = WorkflowInterpreter.Apply(instance.Definition, instance.State, @event);
        // What cannot be started is known before the transition is kept.
        var missing = transition.Commands.OfType<WorkflowCommand.StartChild>().Where(c => !_definitions.ContainsKey(c.DefinitionId))
            .Where(c => !@event.FailedDispatches.ContainsKey(c.Execution)).ToList();
        if (missing.Count > 0)
        {
            Apply(instance, @event with { FailedDispatches = @event.FailedDispatches.AddRange(missing.Select(c => KeyValuePair.Create(c.Execution, $"there is no workflow '{c.DefinitionId}'"))) });
            return;
        }
        instance.State = WorkflowState.Parse(transition.State.ToText(), instance.Id);
        instance.Log.AddRange(transition.Log);
        instance.Events.Add(WorkflowEvent.Parse(@event.ToText(), instance.Id));
        foreach (var command in transition.Commands) _work.Enqueue(() => Do(instance, command));
        foreach (var early in _early.Where(e => e.Until >= Now && (e.Instance ?? instance.Id) == instance.Id && instance.State.WaitsFor(e.Name)).ToList())
        {
            _early.Remove(early);
            _work.Enqueue(() => Deliver(early.Name, early.Payload, early.Instance));
        }
    }

    void Do(HostInstance instance, WorkflowCommand command)
    {
        switch (command)
        {
            case WorkflowCommand.WriteLine line: Lines.Add(line.Text); break;
            case WorkflowCommand.PublishEvent published: Deliver(published.Name, published.Payload, published.Local ? instance.Id : null); break;
            case WorkflowCommand.StartChild start: StartChild(instance, start); break;
            case WorkflowCommand.CancelChild cancel: Cancel(cancel.Child); break;
            case WorkflowCommand.Finish finish: Tell(instance, finish.Status); break;
        }
    }

    void StartChild(HostInstance parent, WorkflowCommand.StartChild start)
    {
        try
        {
            Start(_definitions[start.DefinitionId], start.Inputs, id: start.Child, parent: start.Wait ? parent.Id : null);
        }
        catch (ArgumentException e) when (start.Wait)
        {
            Apply(parent, new DispatchFailed(Now, start.Execution, e.Message));
        }
    }

    void Tell(HostInstance child, WorkflowStatus status)
    {
        var parent = Instances.FirstOrDefault(i => i.Id == child.Parent);
        if (parent?.State!.Waits.FirstOrDefault(e => e.Child == child.Id) is not { } waiting || parent.State.Ended) return;
        var outputs = new JsonObject(child.State!.Outputs.Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone())));
        Apply(parent, new ChildEnded(Now, waiting.Id, child.Id, status, outputs, child.State.Incidents is [.., var last] ? $"'{last.Activity}' failed: {last.Reason}" : null));
    }
}
