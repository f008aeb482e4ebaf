using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Interpreter;

/// <summary>
/// What one event sets off: activities run in the order they were scheduled until only steps are left open. The working copy of a state,
/// used once.
/// </summary>
internal sealed partial class Burst
{
    /// <summary>A loop without a step in it would never come to rest.</summary>
    const int MaxActivities = 10_000;

    const string WorkflowId = "Workflow1";

    sealed record Scheduled(string Activity, bool ByBackward, ActivityExecution? Again = null);

    readonly WorkflowDefinition _definition;
    readonly Dictionary<string, Activity> _activities;
    readonly WorkflowEvent _event;
    readonly Queue<Scheduled> _queue = new();
    readonly List<LogEntry> _log = [];
    readonly List<WorkflowCommand> _commands = [];
    FlowGraph _graph;
    WorkflowState _state;

    public Burst(WorkflowDefinition definition, WorkflowState state, WorkflowEvent @event)
    {
        _definition = definition;
        _activities = definition.Root.Activities.DistinctBy(a => a.Id).ToDictionary(a => a.Id);
        _graph = new(definition.Root, state.Open.Find(e => e.Flow is not null)?.Flow!.Start);
        _state = state;
        _event = @event;
    }

    ActivityExecution? Flow => _state.Open.Find(e => e.Flow is not null);

    public void Begin(string? asked)
    {
        var start = FlowGraph.StartOf(_definition.Root, asked);
        _graph = new(_definition.Root, start);
        Log(WorkflowId, WorkflowId, WorkflowId, LogEvent.Started);
        var flow = new ActivityExecution(_definition.Root.Id, _definition.Root.Id, null) { Flow = new(start) };
        _state = _state with { Open = [flow] };
        Log(flow, LogEvent.Started);
        if (start is not null) _queue.Enqueue(new(start, ByBackward: false));
    }

    public void Complete(StepCompleted done)
    {
        var execution = OpenStep(done.Execution);
        var activity = _activities[execution.Activity];
        _state = _state.With(execution with { WakeAt = null, WaitsFor = null, WakeEvents = null });
        if (!activity.Type.Outcomes.Contains(done.Outcome))
            Fault(execution, $"the step answered '{done.Outcome}'; expected {string.Join(", ", activity.Type.Outcomes)}");
        else if (BindOutputs(activity, done.Outputs) is { } reason)
            Fault(execution, reason);
        else
            Complete(execution, [done.Outcome], e => e with
            {
                Outputs = done.Outputs.DeepClone().AsObject(),
                Outcomes = [done.Outcome],
                Seconds = done.Seconds,
                Cached = done.Cached,
            });
    }

    public void Wait(StepWaiting waiting)
    {
        var execution = OpenStep(waiting.Execution) with
        {
            StepState = waiting.State.DeepClone().AsObject(),
            WakeAt = waiting.Deadline,
            WaitsFor = waiting.Reason,
            WakeEvents = waiting.Events,
            FailedAttempts = 0,
        };
        _state = _state.With(execution);
        Log(execution, LogEvent.Waiting, e => e with { Message = waiting.Reason, Seconds = waiting.Seconds });
    }

    public void Fail(StepFailed failed)
    {
        var execution = OpenStep(failed.Execution);
        execution = execution with { FailedAttempts = execution.FailedAttempts + 1 };
        _state = _state.With(execution);
        if (!failed.Transient || execution.FailedAttempts >= RetryPolicy.Attempts)
        {
            var reason = failed.Transient ? $"{failed.Reason} (tried {execution.FailedAttempts} times)" : failed.Reason;
            Fault(execution, reason, failed.Seconds);
            return;
        }
        _state = _state.With(execution with { WakeAt = _event.At + RetryPolicy.Backoff(execution.FailedAttempts), WaitsFor = failed.Reason });
        Log(execution, LogEvent.Retrying, e => e with { Message = failed.Reason, Seconds = failed.Seconds });
    }

    public void Resume(string id)
    {
        var execution = OpenStep(id) with { WakeAt = null, WaitsFor = null, WakeEvents = null };
        _state = _state.With(execution);
        Log(execution, LogEvent.Resumed);
    }

    public void Retry()
    {
        if (_state.Status != WorkflowStatus.Faulted)
            throw new ArgumentException($"Instance {_state.Instance} is {_state.Status}; only a faulted instance can be tried again.");
        _state = _state with { Incidents = [] };
        foreach (var execution in _state.Open.Where(e => e.Faulted).Select(e => e with { Faulted = false, FailedAttempts = 0 }))
        {
            if (_activities[execution.Activity].Type.Step is null)
            {
                _state = _state.Without(execution.Id);
                _queue.Enqueue(new(execution.Activity, execution.ByBackward, execution));
            }
            else
            {
                _state = _state.With(execution);
                Log(execution, LogEvent.Resumed);
            }
        }
    }

    public void Cancel()
    {
        foreach (var step in _state.OpenSteps) Log(step, LogEvent.Cancelled);
        _state = _state with { Open = [], Incidents = [], Status = WorkflowStatus.Cancelled };
    }

    /// <summary>Runs what is scheduled, then says where the instance stands.</summary>
    public Transition Settle(WorkflowState? before)
    {
        for (var ran = 1; _queue.TryDequeue(out var next); ran++)
        {
            if (ran <= MaxActivities) Run(next);
            else
            {
                _queue.Clear();
                Fault(Start(next, []), $"{MaxActivities} activities ran without a step between them; expected a loop to contain a step or to end");
            }
        }
        var status = _state.Status;
        if (status != WorkflowStatus.Cancelled)
        {
            var idle = !_state.OpenSteps.Any() && _state.Incidents.IsEmpty;
            if (idle && Flow is not null) CloseFlow();
            status = !_state.Incidents.IsEmpty ? WorkflowStatus.Faulted
                : Flow is null ? WorkflowStatus.Finished
                : _state.OpenSteps.Any(e => e.WakeAt is null) ? WorkflowStatus.Running
                : WorkflowStatus.Suspended;
        }
        _state = _state with { Status = status, Events = _state.Events + 1 };
        var known = WorkflowInterpreter.Runnable(_definition, before).Select(c => c.Execution).ToHashSet();
        _commands.AddRange(WorkflowInterpreter.Runnable(_definition, _state).Where(c => !known.Contains(c.Execution)));
        if (status is not (WorkflowStatus.Running or WorkflowStatus.Suspended)) _commands.Add(new WorkflowCommand.Finish(status));
        return new(_state, _commands, _log);
    }

    void Log(ActivityExecution execution, LogEvent @event, Func<LogEntry, LogEntry>? more = null) =>
        Log(execution.Id, execution.Activity, PathOf(execution.Activity), @event, more);

    string PathOf(string activity) => _activities.GetValueOrDefault(activity)?.NodePath ?? $"{WorkflowId}:{activity}";

    void Log(string execution, string activity, string nodePath, LogEvent @event, Func<LogEntry, LogEntry>? more = null)
    {
        var entry = new LogEntry(_state.Logged + 1, execution, activity, nodePath, @event, _event.At);
        _log.Add(more is null ? entry : more(entry));
        _state = _state with { Logged = _state.Logged + 1 };
    }
}
