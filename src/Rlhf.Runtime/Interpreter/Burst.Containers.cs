using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <content>Containers: what follows in them, their end, and what is cancelled with them.</content>
internal sealed partial class Burst
{
    void Enqueue(Activity activity, ActivityExecution owner, bool byBackward = false) => _queue.Enqueue(new(activity, owner.Id, byBackward));

    /// <summary>The next activity of a sequence, or its end.</summary>
    void Advance(Activity sequence, ActivityExecution execution)
    {
        if (execution.Next >= sequence.Activities.Count)
        {
            Close(execution);
            return;
        }
        Enqueue(sequence.Activities[execution.Next], execution);
        _state = _state.With(execution with { Next = execution.Next + 1 });
    }

    void Branch(Activity activity, ActivityExecution execution, bool holds)
    {
        // As in Elsa, the result is set before the branch runs.
        if (Bind(execution, new() { [ActivityCatalog.Result] = holds }) is { } reason) Fault(execution, reason);
        else if ((holds ? activity.Then : activity.Else) is { } branch) Enqueue(branch, execution);
        else Close(execution);
    }

    void ChildCompleted(ActivityExecution child, IReadOnlyList<string> outcomes)
    {
        if (child.Parent is null)
        {
            LogWorkflow(LogEvent.Completed);
            return;
        }
        // Null where End has completed the container while this was queued: then nothing follows.
        if (_state.Open.Find(e => e.Id == child.Parent) is not { } parent) return;
        var (container, terminal) = (ActivityOf(parent), ActivityOf(child).Type.IsTerminal);
        if (terminal || container.Type.Name == ActivityCatalog.If) Close(parent);
        else if (container.Type.Name == ActivityCatalog.Sequence) Advance(container, parent);
        else Follow(parent, child, outcomes);
    }

    /// <summary>A container is complete: what is still open in it is cancelled, and the container around it goes on.</summary>
    void Close(ActivityExecution container)
    {
        foreach (var child in ChildrenOf(container)) Cancel(child);
        // Cancelling the last child has completed a flowchart already; as in Elsa the log then says so twice.
        if (!IsOpen(container.Id)) Log(container, LogEvent.Completed);
        else Complete(container, more: e => e with { Outputs = ActivityOf(container).Type.Outputs.Count > 0 ? Result(container) : null });
    }

    JsonObject? Result(ActivityExecution execution) => _state.Results.GetValueOrDefault(execution.Activity)?.DeepClone() as JsonObject;

    /// <summary>Cancels an execution and what is in it; the flowchart around it learns that no token comes from there.</summary>
    void Cancel(ActivityExecution execution)
    {
        if (!IsOpen(execution.Id)) return;
        var children = ChildrenOf(execution).ToList();
        _state = _state.Without(execution.Id);
        Abandon(execution);
        Log(execution, LogEvent.Cancelled);
        if (_state.Open.Find(e => e.Id == execution.Parent) is { Flow: not null } flow)
        {
            CloseIfIdle(flow);
            if (IsOpen(flow.Id)) Leave(flow.Id, execution.Activity, [], byBackward: false);
        }
        foreach (var child in children) Cancel(child);
    }

    // A failure is not cancelled where it is to fault the instance: it would be hidden.
    List<ActivityExecution> ChildrenOf(ActivityExecution container) =>
        [.. _state.Open.Where(e => e.Parent == container.Id && (!e.Faulted || definition.ContinuesWithIncidents))];

    bool IsWithin(string? execution, string container)
    {
        for (; execution is not null; execution = _state.Open.Find(e => e.Id == execution)?.Parent)
        {
            if (execution == container) return true;
        }
        return false;
    }
}
