using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Rlhf.Runtime.Interpreter;

/// <summary>Where an instance stands. Suspended: every step that is open waits for a time or an event.</summary>
public enum WorkflowStatus { Running, Suspended, Finished, Faulted, Cancelled }

/// <summary>What an activity execution failed with.</summary>
public sealed record Incident(string Execution, string Activity, string Reason, DateTimeOffset At);

/// <summary>Everything an instance is, as canonical JSON: a state and the next event give the next state and nothing else does.</summary>
public sealed record WorkflowState(string Instance)
{
    /// <summary>Raised when an older state needs a translation.</summary>
    public int Format { get; init; } = 1;

    public WorkflowStatus Status { get; init; }

    /// <summary>How many events made this state.</summary>
    public int Events { get; init; }

    /// <summary>How many log entries they wrote.</summary>
    public int Logged { get; init; }

    public ImmutableSortedDictionary<string, JsonNode?> Inputs { get; init; } = Empty;

    /// <summary>By the id of the variable.</summary>
    public ImmutableSortedDictionary<string, JsonNode?> Variables { get; init; } = Empty;

    public ImmutableSortedDictionary<string, JsonNode?> Outputs { get; init; } = Empty;

    /// <summary>How often each activity was started.</summary>
    public ImmutableSortedDictionary<string, int> Runs { get; init; } = NoCounts;

    /// <summary>What has started and not ended, the flowchart itself first.</summary>
    public ImmutableList<ActivityExecution> Open { get; init; } = [];

    public ImmutableList<Incident> Incidents { get; init; } = [];

    static readonly ImmutableSortedDictionary<string, JsonNode?> Empty =
        ImmutableSortedDictionary.Create<string, JsonNode?>(StringComparer.Ordinal);

    internal static readonly ImmutableSortedDictionary<string, int> NoCounts = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);

    [JsonIgnore]
    public bool Ended => Status is WorkflowStatus.Finished or WorkflowStatus.Cancelled;

    /// <summary>The steps that have been started and not answered, in the order of their start; those that wait are among them.</summary>
    [JsonIgnore]
    public IEnumerable<ActivityExecution> OpenSteps => Open.Where(e => e.Flow is null && !e.Faulted);

    public ActivityExecution Find(string execution) =>
        Open.Find(e => e.Id == execution)
        ?? throw new ArgumentException($"'{execution}' is not an open activity execution of instance {Instance}.");

    public WorkflowState With(ActivityExecution execution) => this with { Open = Open.Replace(Find(execution.Id), execution) };

    public WorkflowState Without(string execution) => this with { Open = Open.RemoveAll(e => e.Id == execution) };
}

/// <summary>
/// One run of an activity. The id is the activity's on its first run, then <c>activity#2</c> and so on. Of a step: its evaluated inputs,
/// the attempts that failed, and what a Waiting answer or a failed attempt left: state, the time to go on, and the reason.
/// </summary>
public sealed record ActivityExecution(string Id, string Activity, string? Parent)
{
    public JsonObject? Inputs { get; init; }

    /// <summary>True where a backward connection led here: such a run does not count as a visit of the forward graph.</summary>
    public bool ByBackward { get; init; }

    public int FailedAttempts { get; init; }

    public bool Faulted { get; init; }

    public JsonObject? StepState { get; init; }

    public DateTimeOffset? WakeAt { get; init; }

    public string? WaitsFor { get; init; }

    public ImmutableList<string>? WakeEvents { get; init; }

    /// <summary>How far a flowchart is; null for every other activity.</summary>
    public FlowProgress? Flow { get; init; }

    public static string IdOf(string activity, int run) => run == 1 ? activity : $"{activity}#{run}";
}

/// <summary>How often each activity and connection of a flowchart was visited, by a token or by its absence.</summary>
public sealed record FlowProgress(string? Start)
{
    public ImmutableSortedDictionary<string, int> Activities { get; init; } = WorkflowState.NoCounts;

    public ImmutableSortedDictionary<string, ConnectionVisits> Connections { get; init; } =
        ImmutableSortedDictionary.Create<string, ConnectionVisits>(StringComparer.Ordinal);
}

/// <summary>Visits of a connection, and whether a token took it the last time.</summary>
public sealed record ConnectionVisits(int Count, bool Followed);
