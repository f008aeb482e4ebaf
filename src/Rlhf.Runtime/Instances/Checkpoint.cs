using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Instances;

/// <summary>What a person may answer, by the outcome that it leads to.</summary>
/// <param name="Answer">What stands in the event under <c>answer</c>: the outcome's name, or true or false.</param>
public sealed record CheckpointChoice(string Outcome, JsonNode Answer);

/// <summary>
/// An event that an instance waits for and a person can send. Where a switch or a decision follows it, its outcomes are the choices: those to which an answer
/// <c>{ "answer": … }</c> really leads, as the interpreter says to whom it is shown on a copy of the state.
/// </summary>
public sealed record Checkpoint(string Execution, string Activity, string Event, IReadOnlyList<CheckpointChoice> Choices)
{
    /// <summary>The member of the event's payload that holds the answer.</summary>
    public const string Answer = "answer";

    /// <summary>The checkpoints of an instance at which it waits now.</summary>
    /// <param name="at">The time that scripts see.</param>
    public static IReadOnlyList<Checkpoint> Of(InstanceRecord record, DateTimeOffset at) => record.State.Ended ? [] :
    [
        .. record.State.Open.Where(e => e is { IsWaiting: true, WakeEvents: [_] } && record.Definition.Find(e.Activity)?.Type.Name == ActivityCatalog.Event)
            .Select(e => new Checkpoint(e.Id, e.Activity, e.WakeEvents![0], ChoicesOf(record, e, at))),
    ];

    static IReadOnlyList<CheckpointChoice> ChoicesOf(InstanceRecord record, ActivityExecution waiting, DateTimeOffset at)
    {
        if (Following(record.Definition, waiting.Activity) is not { } following) return [];
        var labels = following.Type.Name switch
        {
            ActivityCatalog.FlowSwitch => following.Cases.Select(c => new CheckpointChoice(c.Label, c.Label)),
            ActivityCatalog.FlowDecision => [new("True", true), new("False", false)],
            _ => [],
        };
        return [.. labels.Where(choice => LeadsTo(record, waiting.WakeEvents![0], following, choice, at))];
    }

    static Activity? Following(WorkflowDefinition definition, string activity)
    {
        var flowchart = definition.Activities.FirstOrDefault(a => a.Activities.Any(c => c.Id == activity));
        return flowchart?.Connections.FirstOrDefault(c => c.Source == activity && c.Port == "Done") is { } next ? flowchart.Activities.FirstOrDefault(a => a.Id == next.Target) : null;
    }

    static bool LeadsTo(InstanceRecord record, string name, Activity following, CheckpointChoice choice, DateTimeOffset at)
    {
        var payload = new JsonObject { [Answer] = choice.Answer.DeepClone() };
        var log = WorkflowInterpreter.Apply(record.Definition, record.State, new EventReceived(at, name, payload)).Log;
        return log.FirstOrDefault(l => l.Activity == following.Id && l.Event == LogEvent.Completed)?.Outcomes?.Contains(choice.Outcome) == true;
    }
}
