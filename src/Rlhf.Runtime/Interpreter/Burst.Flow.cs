using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Interpreter;

/// <content>The flowchart: who comes next, joins, loops.</content>
internal sealed partial class Burst
{
    readonly Dictionary<(string Activity, string? Start), FlowGraph> _graphs = [];

    void Enter(Activity flowchart, ActivityExecution execution)
    {
        var start = FlowGraph.StartOf(flowchart, _trigger?.StartActivity);
        _state = _state.With(execution with { Flow = new(start?.Id) });
        if (start is null) Close(execution);
        else Enqueue(start, execution);
    }

    /// <summary>An activity of a flowchart is over; where nothing follows and nothing else is going on, so is the flowchart.</summary>
    void Follow(ActivityExecution flow, ActivityExecution child, IReadOnlyList<string> outcomes)
    {
        var graph = GraphOf(flow);
        var unsound = graph.Outbound(child.Activity).FirstOrDefault(c => outcomes.Contains(c.Port) && !graph.IsForward(c) && !graph.IsSoundBackward(c));
        if (unsound is not null)
            Fault(child, $"the backward connection to '{unsound.Target}' cannot be taken: not every path to '{unsound.Source}' passes it");
        else if (!Leave(flow.Id, child.Activity, outcomes, child.ByBackward))
            CloseIfIdle(flow);
    }

    void CloseIfIdle(ActivityExecution flow)
    {
        var idle = !_state.Open.Exists(e => e.Parent == flow.Id) && !_queue.Any(s => IsWithin(s.Owner, flow.Id));
        if (idle && IsOpen(flow.Id)) Close(_state.Find(flow.Id));
    }

    /// <summary>
    /// Visits every connection out of an activity, with a token or without; no outcomes at all mean that the activity was passed over.
    /// True where something was scheduled.
    /// </summary>
    bool Leave(string flow, string activity, IReadOnlyList<string> outcomes, bool byBackward)
    {
        // A backward run has no inbound visits of its own; counting it would make its next forward join wait for ever.
        if (!byBackward) SetFlow(flow, f => f with { Activities = f.Activities.SetItem(activity, f.Activities.GetValueOrDefault(activity) + 1) });
        var (graph, scheduled) = (GraphOf(_state.Find(flow)), false);
        foreach (var connection in graph.Outbound(activity))
        {
            var followed = outcomes.Contains(connection.Port);
            SetFlow(flow, f => f with { Connections = f.Connections.SetItem(connection.ToString(), new(f.Visits(connection) + 1, followed)) });
            if (graph.IsForward(connection)) scheduled |= Arrive(flow, connection);
            else if (followed)
            {
                Enqueue(definition.Find(connection.Target)!, _state.Find(flow), byBackward: true);
                scheduled = true;
            }
        }
        return scheduled;
    }

    /// <summary>
    /// A connection was visited: its target is scheduled when the inbound connections that it waits for have been visited since its last run,
    /// and passed over when it cannot run any more.
    /// </summary>
    bool Arrive(string flow, Connection arrived)
    {
        var (execution, target) = (_state.Find(flow), definition.Find(arrived.Target)!);
        var (progress, inbound) = (execution.Flow!, GraphOf(execution).ForwardInbound(target.Id));
        var runs = progress.Activities.GetValueOrDefault(target.Id) + UnderWay(flow, target);
        var all = inbound.All(c => progress.Visits(c) > runs);
        var newest = inbound.Max(progress.Visits);
        bool Taken(Connection c) => progress.Visits(c) == newest && newest > runs && progress.Connections[c.ToString()].Followed;
        switch (ModeOf(target, execution))
        {
            case "WaitAny":
                if (progress.Visits(arrived) <= runs) return false;
                if (!inbound.Any(Taken)) return all && Leave(flow, target.Id, [], byBackward: false);
                Enqueue(target, execution);
                CancelBefore(flow, target);
                return true;
            case "WaitAll" when all && !inbound.All(Taken):
                return Leave(flow, target.Id, [], byBackward: false);
            default:
                if (!all) return false;
                if (!inbound.Any(Taken)) return Leave(flow, target.Id, [], byBackward: false);
                Enqueue(target, execution);
                return true;
        }
    }

    /// <summary>Every activity is a join: one that is no FlowJoin waits for all tokens that can still come.</summary>
    string ModeOf(Activity target, ActivityExecution flow)
    {
        if (target.Type.Name != ActivityCatalog.FlowJoin) return "WaitAllActive";
        if (!target.Inputs.TryGetValue("mode", out var mode)) return "WaitAny";
        try
        {
            var id = IdOf(new(target, flow.Id));
            return (string?)Guarded(id, () => EvaluateInput(mode, DataType.Text, flow.Id, $"{id}/mode")) ?? "WaitAny";
        }
        catch (ScriptException)
        {
            // The join faults with the same reason when it runs.
            return "WaitAllActive";
        }
    }

    // Runs that are not over have used up their tokens too. Elsa counts a run only when it is over, and so runs an activity again for the
    // same tokens where one more arrives meanwhile: a join that cancels an ancestor, an activity that waits while a loop comes round.
    int UnderWay(string flow, Activity target) =>
        _queue.Count(s => s.Owner == flow && s.Activity == target && !s.ByBackward)
        + _state.Open.Count(e => e.Parent == flow && e.Activity == target.Id && !e.ByBackward);

    void Join(Activity activity, ActivityExecution execution, string mode)
    {
        if (mode is not ("WaitAny" or "WaitAll" or "WaitAllActive"))
            throw new ScriptException($"the mode is '{mode}'; expected WaitAny, WaitAll or WaitAllActive");
        if (execution.Parent is { } flow && IsOpen(flow) && _state.Find(flow).Flow is not null) CancelBefore(flow, activity);
        Complete(execution);
    }

    void CancelBefore(string flow, Activity join)
    {
        var before = GraphOf(_state.Find(flow)).Ancestors(join.Id);
        foreach (var execution in _state.Open.Where(e => e.Parent == flow && before.Contains(e.Activity))) Cancel(execution);
    }

    FlowGraph GraphOf(ActivityExecution flow)
    {
        var key = (flow.Activity, flow.Flow!.Start);
        return _graphs.TryGetValue(key, out var graph) ? graph : _graphs[key] = new(ActivityOf(flow), flow.Flow.Start);
    }

    void SetFlow(string flow, Func<FlowProgress, FlowProgress> change)
    {
        var execution = _state.Find(flow);
        _state = _state.With(execution with { Flow = change(execution.Flow!) });
    }
}
