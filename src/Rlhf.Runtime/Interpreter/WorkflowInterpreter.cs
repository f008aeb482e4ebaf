using System.Collections.Immutable;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <summary>
/// The rules of a workflow as a pure function of definition, state and event: Elsa's containers, flowcharts in their counter-based mode.
/// Nothing here reads a clock, a file or a random number, so the events of an instance, applied again, give the same states.
/// </summary>
internal static class WorkflowInterpreter
{
    /// <param name="state">Null before the first event, which is <see cref="Started"/>.</param>
    /// <exception cref="ArgumentException">
    /// The event does not fit the state: the instance has ended, or what it names is not open or not there, or a value is none of its variable. An event that nobody waits for
    /// (<see cref="WorkflowState.WaitsFor"/>) is none of these: it changes nothing.
    /// </exception>
    public static Transition Apply(WorkflowDefinition definition, WorkflowState? state, WorkflowEvent @event)
    {
        if (state is null != @event is Started)
            throw new ArgumentException($"'{@event.GetType().Name}' cannot be the {(state is null ? "first" : "next")} event of an instance.");
        if (@event is EventReceived received && state?.WaitsFor(received.Name) == false) return new(state, [], []);
        if (state is { Ended: true })
            throw new ArgumentException($"Instance {state.Instance} is {state.Status}; nothing can happen to it any more.");

        var burst = new Burst(definition, state ?? Initial(definition, (Started)@event), @event);
        switch (@event)
        {
            case Started started: burst.Begin(started); break;
            case StepCompleted completed: burst.Complete(completed); break;
            case StepWaiting waiting: burst.Wait(waiting); break;
            case StepFailed failed: burst.Fail(failed); break;
            case StepResumed resumed: burst.Resume(resumed); break;
            case EventReceived happened: burst.Receive(happened); break;
            case ChildEnded ended: burst.EndChild(ended); break;
            case DispatchFailed failed: burst.FailDispatch(failed); break;
            case Retried retried: burst.Retry(retried); break;
            case VariablesSet set: burst.Set(set); break;
            case Cancelled: burst.Cancel(); break;
            default: throw new NotSupportedException(@event.GetType().Name);
        }
        return burst.Settle(before: state);
    }

    /// <summary>
    /// The steps that can be dispatched now: started, not answered, not waiting. After a crash these are what must run again.
    /// </summary>
    public static IEnumerable<WorkflowCommand.RunStep> Runnable(WorkflowDefinition definition, WorkflowState? state) =>
        state is not { Status: WorkflowStatus.Running } ? []
        : state.OpenSteps.Where(e => !e.IsWaiting).Select(e => new WorkflowCommand.RunStep(
            e.Id, e.Activity, definition.Find(e.Activity)!.Type.Step!.Name, e.Inputs ?? []));

    static WorkflowState Initial(WorkflowDefinition definition, Started started) => new(started.Instance)
    {
        StepVersions = started.StepVersions,
        Inputs = started.Inputs.ToImmutableSortedDictionary(i => i.Key, i => i.Value?.DeepClone(), StringComparer.Ordinal),
        Variables = Burst.Defaults(definition.Variables),
    };
}
