using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <content>The flowchart: who comes next, implicit joins, loops.</content>
internal sealed partial class Burst
{
    void CloseFlow()
    {
        foreach (var step in _state.OpenSteps.ToList())
        {
            _state = _state.Without(step.Id);
            Log(step, LogEvent.Cancelled);
        }
        Log(Flow!, LogEvent.Completed);
        Log(WorkflowId, WorkflowId, WorkflowId, LogEvent.Completed);
        _state = _state.Without(_definition.Root.Id);
    }

    void Leave(ActivityExecution execution, IReadOnlyList<string> outcomes)
    {
        var unsound = _graph.Outbound(execution.Activity)
            .FirstOrDefault(c => outcomes.Contains(c.Port) && !_graph.IsForward(c) && !_graph.IsSoundBackward(c));
        if (unsound is not null)
            Fault(execution, $"the backward connection to '{unsound.Target}' cannot be taken: not every path to '{unsound.Source}' passes it");
        else
            Leave(execution.Activity, outcomes, execution.ByBackward);
    }

    /// <summary>
    /// Visits every connection out of an activity, with a token or without; no outcomes at all means that the activity was passed over.
    /// </summary>
    void Leave(string activity, IReadOnlyList<string> outcomes, bool byBackward)
    {
        // A backward run has no inbound visits of its own; counting it would make its next forward join wait for ever.
        if (!byBackward) SetFlow(f => f with { Activities = f.Activities.SetItem(activity, f.Activities.GetValueOrDefault(activity) + 1) });
        foreach (var connection in _graph.Outbound(activity))
        {
            var followed = outcomes.Contains(connection.Port);
            SetFlow(f => f with { Connections = f.Connections.SetItem(connection.ToString(), new(VisitsOf(f, connection) + 1, followed)) });
            if (_graph.IsForward(connection)) Arrive(connection.Target);
            else if (followed) _queue.Enqueue(new(connection.Target, ByBackward: true));
        }
    }

    /// <summary>
    /// An activity is scheduled when all its forward inbound connections have been visited since its last run; passed over where none was
    /// taken.
    /// </summary>
    void Arrive(string activity)
    {
        var (flow, inbound) = (Flow!.Flow!, _graph.ForwardInbound(activity));
        if (inbound.Any(c => VisitsOf(flow, c) <= flow.Activities.GetValueOrDefault(activity))) return;
        if (inbound.Any(c => flow.Connections[c.ToString()].Followed)) _queue.Enqueue(new(activity, ByBackward: false));
        else Leave(activity, [], byBackward: false);
    }

    static int VisitsOf(FlowProgress flow, Connection connection) => flow.Connections.GetValueOrDefault(connection.ToString())?.Count ?? 0;

    void SetFlow(Func<FlowProgress, FlowProgress> change) => _state = _state.With(Flow! with { Flow = change(Flow!.Flow!) });
}
