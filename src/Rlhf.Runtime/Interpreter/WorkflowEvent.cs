using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Rlhf.Runtime.Interpreter;

/// <summary>Something that happened to an instance. Its time is all the interpreter knows of time.</summary>
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(StepCompleted), "stepCompleted")]
[JsonDerivedType(typeof(StepWaiting), "stepWaiting")]
[JsonDerivedType(typeof(StepFailed), "stepFailed")]
[JsonDerivedType(typeof(StepResumed), "stepResumed")]
[JsonDerivedType(typeof(EventReceived), "eventReceived")]
[JsonDerivedType(typeof(ChildEnded), "childEnded")]
[JsonDerivedType(typeof(DispatchFailed), "dispatchFailed")]
[JsonDerivedType(typeof(Retried), "retried")]
[JsonDerivedType(typeof(VariablesSet), "variablesSet")]
[JsonDerivedType(typeof(Cancelled), "cancelled")]
public abstract record WorkflowEvent(DateTimeOffset At)
{
    /// <summary>
    /// Executions whose script the wall clock stopped when this event was applied; they fault instead of running it again.
    /// </summary>
    public ImmutableList<string> StoppedScripts { get; init; } = [];

    /// <summary>
    /// Why a child could not be started, by the execution that dispatches it. A driver that finds this out before it stores the transition
    /// applies the event again with the reason: the activity then faults at once.
    /// </summary>
    public ImmutableSortedDictionary<string, string> FailedDispatches { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>The stored form. Unlike canonical JSON it keeps the order, the nulls and the case of what scripts made.</summary>
    public string ToText() => StoredJson.ToText(this);

    /// <exception cref="InvalidDataException">The text is no event; the message names <paramref name="what"/>.</exception>
    public static WorkflowEvent Parse(string json, string what) =>
        StoredJson.Parse<WorkflowEvent>(json, what);
}

/// <summary>The instance begins, at <paramref name="StartActivity"/> where one is named; the inputs are bound.</summary>
public sealed record Started(DateTimeOffset At, string Instance, JsonObject Inputs, string? StartActivity = null) : WorkflowEvent(At)
{
    /// <summary>True where the start activity is a trigger whose wait is over: it completes at once.</summary>
    public bool Triggered { get; init; }

    /// <summary>What the trigger gives as its result; null where it brought nothing.</summary>
    public JsonNode? Payload { get; init; }

    /// <summary>The version of every step of the definition, by the step's name.</summary>
    public ImmutableSortedDictionary<string, int> StepVersions { get; init; } = WorkflowState.NoCounts;
}

/// <summary>A step is done; seconds are of this dispatch.</summary>
public sealed record StepCompleted(
    DateTimeOffset At, string Execution, JsonObject Outputs, string Outcome, bool Cached = false, double Seconds = 0) : WorkflowEvent(At)
{
    /// <summary>What the step had to say to the person who runs it, one sentence a line; kept in the log.</summary>
    public string? Notices { get; init; }
}

/// <summary>A step waits for an event or the deadline.</summary>
public sealed record StepWaiting(
    DateTimeOffset At, string Execution, JsonObject State, DateTimeOffset Deadline, string Reason, ImmutableList<string> Events,
    double Seconds = 0) : WorkflowEvent(At);

/// <summary>A step failed: for now, or for good.</summary>
public sealed record StepFailed(DateTimeOffset At, string Execution, string Reason, bool Transient, double Seconds = 0) : WorkflowEvent(At)
{
    /// <summary>What the next try gets as its state; null: what it has.</summary>
    public JsonObject? State { get; init; }
}

/// <summary>The time that an execution waits for has come: of a step, Delay, Timer or Cron.</summary>
public sealed record StepResumed(DateTimeOffset At, string Execution) : WorkflowEvent(At);

/// <summary>
/// Something with a name happened: every Event that waits for it completes with the payload, every step that waits for it is to be run
/// again. Names are compared with case.
/// </summary>
public sealed record EventReceived(DateTimeOffset At, string Name, JsonNode? Payload) : WorkflowEvent(At);

/// <summary>
/// A child that an execution waits for has ended: finished with its outputs, or faulted or cancelled for <paramref name="Reason"/>.
/// </summary>
public sealed record ChildEnded(
    DateTimeOffset At, string Execution, string Child, WorkflowStatus Status, JsonObject Outputs, string? Reason = null) : WorkflowEvent(At);

/// <summary>The child of an execution that waits for it could not be started.</summary>
public sealed record DispatchFailed(DateTimeOffset At, string Execution, string Reason) : WorkflowEvent(At);

/// <summary>Whatever failed is to be tried again.</summary>
public sealed record Retried(DateTimeOffset At) : WorkflowEvent(At)
{
    /// <summary>Versions of steps that are accepted from now on; those not named stay as they are.</summary>
    public ImmutableSortedDictionary<string, int> StepVersions { get; init; } = WorkflowState.NoCounts;
}

/// <summary>Somebody gave variables of the workflow other values, by their ids. Inputs that are bound already stay as they are.</summary>
/// <param name="By">Who; null where that is not known.</param>
public sealed record VariablesSet(DateTimeOffset At, JsonObject Values, string? By) : WorkflowEvent(At);

/// <summary>The instance is to end now.</summary>
public sealed record Cancelled(DateTimeOffset At) : WorkflowEvent(At);
