using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <content>What each event does before the queue runs.</content>
internal sealed partial class Burst
{
    public void Begin(Started started)
    {
        LogWorkflow(LogEvent.Started);
        _trigger = started;
        _queue.Enqueue(new(definition.Root, null));
    }

    public void Complete(StepCompleted done)
    {
        var execution = OpenStep(done.Execution);
        var type = ActivityOf(execution).Type;
        if (!type.Outcomes.Contains(done.Outcome))
            Fault(execution, $"the step answered '{done.Outcome}'; expected {string.Join(", ", type.Outcomes)}", done.Seconds);
        else
            Complete(execution, [done.Outcome], done.Outputs, e => e with { Seconds = done.Seconds, Cached = done.Cached, Message = done.Notices });
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
        execution = execution with
        {
            FailedAttempts = execution.FailedAttempts + 1,
            StepState = failed.State?.DeepClone().AsObject() ?? execution.StepState,
        };
        _state = _state.With(execution);
        var policy = ActivityOf(execution).Type.Step!.Retry;
        if (!failed.Transient || execution.FailedAttempts >= policy.Attempts)
        {
            var reason = failed.Transient ? $"{failed.Reason} (tried {execution.FailedAttempts} times)" : failed.Reason;
            Fault(execution, reason, failed.Seconds);
            return;
        }
        _state = _state.With(execution with { WakeAt = @event.At + policy.Delay(execution.FailedAttempts), WaitsFor = failed.Reason });
        Log(execution, LogEvent.Retrying, e => e with { Message = failed.Reason, Seconds = failed.Seconds });
    }

    public void Resume(StepResumed resumed)
    {
        var execution = _state.Find(resumed.Execution);
        if (execution.Faulted || !(execution.IsStep || execution.WakeAt is not null))
            throw new ArgumentException($"'{resumed.Execution}' of instance {_state.Instance} does not wait for a time.");
        Wake(execution, null);
    }

    public void Receive(EventReceived happened)
    {
        // As in Elsa, each that waited goes on as far as it can before the next one does; what then waits anew is not meant.
        foreach (var id in _state.Waits.Where(e => e.WakeEvents?.Contains(happened.Name) == true).Select(e => e.Id).ToList())
        {
            if (_state.Open.Find(e => e.Id == id) is not { IsWaiting: true } execution) continue;
            Wake(execution, new() { [ActivityCatalog.Result] = happened.Payload?.DeepClone() });
            Drain();
        }
    }

    public void EndChild(ChildEnded ended)
    {
        var execution = WaitingForChild(ended.Execution);
        if (execution.Child != ended.Child)
            throw new ArgumentException($"'{ended.Execution}' of instance {_state.Instance} waits for {execution.Child}, not for {ended.Child}.");
        if (ended.Status == WorkflowStatus.Finished)
        {
            Wake(execution, new() { [ActivityCatalog.Result] = ended.Outputs.DeepClone() });
            return;
        }
        // Elsa goes on with an empty result, which hides the failure.
        Log(execution, LogEvent.Resumed);
        // A child that failed is tried again with its parent, and keeps what it has done; only one that was cancelled is replaced.
        Fault(ended.Status == WorkflowStatus.Cancelled ? Failed(execution) : execution, $"the child {ended.Child} is {ended.Status}{(ended.Reason is null ? "" : $": {ended.Reason}")}");
    }

    public void FailDispatch(DispatchFailed failed) => Fault(WaitingForChild(failed.Execution), failed.Reason);

    public void Retry(Retried retried)
    {
        if (!_state.Open.Exists(e => e.Faulted))
            throw new ArgumentException($"Instance {_state.Instance} is {_state.Status}; only a faulted instance can be tried again.");
        _state = _state with { Incidents = [], StepVersions = _state.StepVersions.SetItems(retried.StepVersions) };
        foreach (var execution in _state.Open.Where(e => e.Faulted).Select(e => e with { Faulted = false }))
        {
            if (execution is { IsStep: true, Inputs: not null })
            {
                _state = _state.With(execution with { FailedAttempts = 0 });
                Log(execution, LogEvent.Resumed);
            }
            else
            {
                _state = _state.Without(execution.Id);
                _queue.Enqueue(new(ActivityOf(execution), execution.Parent, execution.ByBackward, execution));
            }
        }
    }

    public void Set(VariablesSet set)
    {
        List<string> names = [];
        foreach (var (id, value) in set.Values)
        {
            var variable = definition.Variables.FirstOrDefault(v => v.Id == id)
                ?? throw new ArgumentException($"The workflow '{definition.DefinitionId}' has no variable '{id}'; known are {(definition.Variables.Count == 0 ? "none" : string.Join(", ", definition.Variables.Select(v => v.Name)))}.");
            if (!Values.TryConvert(value, variable.Type, out var converted, out var reason)) throw new ArgumentException($"The value for the variable '{variable.Name}' {reason}.");
            SetValue(null, id, converted);
            names.Add(variable.Name);
        }
        LogWorkflow(LogEvent.Changed, $"{set.By ?? "Somebody"} set {string.Join(", ", names)}.");
    }

    public void Cancel()
    {
        DropOpen();
        _state = _state with { Incidents = [], Status = WorkflowStatus.Cancelled };
    }

    // The next try starts another child.
    static ActivityExecution Failed(ActivityExecution execution) => execution with { FailedAttempts = execution.FailedAttempts + 1 };

    /// <summary>The wait of an execution is over: a step is to be run again, everything else is complete.</summary>
    void Wake(ActivityExecution execution, JsonObject? outputs)
    {
        execution = execution with { WakeAt = null, WaitsFor = null, WakeEvents = null, Child = null };
        _state = _state.With(execution);
        Log(execution, LogEvent.Resumed);
        if (!execution.IsStep) Complete(execution, null, outputs);
    }

    /// <summary>The instance ends at once: as in Elsa, only steps, whose work is to stop, leave a line in the log.</summary>
    void DropOpen()
    {
        foreach (var step in _state.OpenSteps) Log(step, LogEvent.Cancelled);
        foreach (var execution in _state.Open) Abandon(execution);
        _state = _state with { Open = [] };
    }

    void Abandon(ActivityExecution execution)
    {
        if (execution is { Child: { } child, Faulted: false }) _commands.Add(new WorkflowCommand.CancelChild(child));
    }

    ActivityExecution OpenStep(string id) =>
        _state.Find(id) is { IsStep: true, Faulted: false } step ? step with { WakeAt = null, WaitsFor = null, WakeEvents = null }
        : throw new ArgumentException($"'{id}' is not an open step of instance {_state.Instance}.");

    ActivityExecution WaitingForChild(string id) =>
        _state.Find(id) is { IsWaiting: true, Child: not null } execution ? execution
        : throw new ArgumentException($"'{id}' of instance {_state.Instance} does not wait for a child.");
}
