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
[JsonDerivedType(typeof(Retried), "retried")]
[JsonDerivedType(typeof(Cancelled), "cancelled")]
public abstract record WorkflowEvent(DateTimeOffset At)
{
    /// <summary>
    /// Executions whose script the wall clock stopped when this event was applied; they fault instead of running it again.
    /// </summary>
    public ImmutableList<string> StoppedScripts { get; init; } = [];
}

/// <summary>The instance begins, at <paramref name="StartActivity"/> where one is named; the inputs are bound.</summary>
public sealed record Started(DateTimeOffset At, string Instance, JsonObject Inputs, string? StartActivity = null) : WorkflowEvent(At);

/// <summary>A step is done; seconds are of this dispatch.</summary>
public sealed record StepCompleted(
    DateTimeOffset At, string Execution, JsonObject Outputs, string Outcome, bool Cached = false, double Seconds = 0) : WorkflowEvent(At);

/// <summary>A step waits for an event or the deadline.</summary>
public sealed record StepWaiting(
    DateTimeOffset At, string Execution, JsonObject State, DateTimeOffset Deadline, string Reason, ImmutableList<string> Events,
    double Seconds = 0) : WorkflowEvent(At);

/// <summary>A step failed: for now, or for good.</summary>
public sealed record StepFailed(DateTimeOffset At, string Execution, string Reason, bool Transient, double Seconds = 0) : WorkflowEvent(At);

/// <summary>The wait of a step is over.</summary>
public sealed record StepResumed(DateTimeOffset At, string Execution) : WorkflowEvent(At);

/// <summary>Whatever failed is to be tried again.</summary>
public sealed record Retried(DateTimeOffset At) : WorkflowEvent(At);

/// <summary>The instance is to end now.</summary>
public sealed record Cancelled(DateTimeOffset At) : WorkflowEvent(At);
