using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <summary>
/// What one event sets off: activities run in the order they were scheduled until whatever is left open waits or is a step. The working
/// copy of a state, used once.
/// </summary>
internal sealed partial class Burst(WorkflowDefinition definition, WorkflowState state, WorkflowEvent @event)
{
    /// <summary>A loop without a step or a wait in it would never come to rest.</summary>
    const int MaxActivities = 10_000;

    const string WorkflowId = "Workflow1";

    /// <summary>An activity to be run; the owner is the execution of the container it is in.</summary>
    sealed record Scheduled(Activity Activity, string? Owner, bool ByBackward = false, ActivityExecution? Again = null);

    readonly Queue<Scheduled> _queue = new();
    readonly List<LogEntry> _log = [];
    readonly List<WorkflowCommand> _commands = [];
    WorkflowState _state = state;
    int _ran;

    /// <summary>Runs what is scheduled until nothing is.</summary>
    void Drain()
    {
        while (_queue.TryDequeue(out var next))
        {
            if (++_ran <= MaxActivities) Run(next);
            else Fault(Start(next, null), $"{MaxActivities} activities ran without a step or a wait between them; expected a loop to contain one or to end");
        }
    }

    /// <summary>Runs what is scheduled, then says where the instance stands.</summary>
    public Transition Settle(WorkflowState? before)
    {
        Drain();
        // The workflow has ended: what End left waiting in a container of its own cannot go anywhere.
        if (_state.Open.All(e => e.Parent is not null && !e.Faulted)) DropOpen();
        var status = StatusNow();
        _state = _state with { Status = status, Events = _state.Events + 1 };
        var known = WorkflowInterpreter.Runnable(definition, before).Select(c => c.Execution).ToHashSet();
        _commands.AddRange(WorkflowInterpreter.Runnable(definition, _state).Where(c => !known.Contains(c.Execution)));
        if (status is not (WorkflowStatus.Running or WorkflowStatus.Suspended)) _commands.Add(new WorkflowCommand.Finish(status));
        return new(_state, _commands, _log);
    }

    WorkflowStatus StatusNow()
    {
        if (_state.Status == WorkflowStatus.Cancelled || _state.Open.IsEmpty)
            return _state.Status == WorkflowStatus.Cancelled ? WorkflowStatus.Cancelled : WorkflowStatus.Finished;
        var faulted = _state.Open.Any(e => e.Faulted);
        if (faulted && !definition.ContinuesWithIncidents) return WorkflowStatus.Faulted;
        // Elsa leaves an instance that goes on with incidents suspended for ever; here it is faulted once nothing else can happen.
        return _state.OpenSteps.Any(e => !e.IsWaiting) ? WorkflowStatus.Running
            : _state.Waits.Any() ? WorkflowStatus.Suspended
            : faulted ? WorkflowStatus.Faulted
            : throw new InvalidOperationException($"Instance {_state.Instance} has nothing left to do and has not ended.");
    }

    Activity ActivityOf(ActivityExecution execution) => definition.Find(execution.Activity)
        ?? throw new ArgumentException(
            $"The definition '{definition.DefinitionId}' has no activity '{execution.Activity}', which instance {_state.Instance} has open.");

    bool IsOpen(string? execution) => execution is null || _state.Open.Exists(e => e.Id == execution);

    void Log(ActivityExecution execution, LogEvent what, Func<LogEntry, LogEntry>? more = null) =>
        Log(execution.Id, execution.Activity, ActivityOf(execution).NodePath, what, more);

    void LogWorkflow(LogEvent what, string? message = null) => Log(WorkflowId, WorkflowId, WorkflowId, what, e => e with { Message = message });

    void Log(string execution, string activity, string nodePath, LogEvent what, Func<LogEntry, LogEntry>? more = null)
    {
        var entry = new LogEntry(_state.Logged + 1, execution, activity, nodePath, what, @event.At);
        _log.Add(more is null ? entry : more(entry));
        _state = _state with { Logged = _state.Logged + 1 };
    }
}
