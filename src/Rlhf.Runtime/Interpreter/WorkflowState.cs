using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Interpreter;

/// <summary>Where an instance stands. Suspended: whatever is open waits for a time, an event or a child.</summary>
public enum WorkflowStatus { Running, Suspended, Finished, Faulted, Cancelled }

/// <summary>What an activity execution failed with.</summary>
public sealed record Incident(string Execution, string Activity, string Reason, DateTimeOffset At);

/// <summary>Everything an instance is, as JSON: a state and the next event give the next state and nothing else does.</summary>
public sealed record WorkflowState(string Instance)
{
    /// <summary>1: a flowchart of steps only. 2: containers in containers, with variables of their own; results; versions of steps.</summary>
    public const int CurrentFormat = 2;

    public int Format { get; init; } = CurrentFormat;

    public WorkflowStatus Status { get; init; }

    /// <summary>How many events made this state.</summary>
    public int Events { get; init; }

    /// <summary>How many log entries they wrote.</summary>
    public int Logged { get; init; }

    public ImmutableSortedDictionary<string, JsonNode?> Inputs { get; init; } = NoValues;

    /// <summary>Of the workflow, by the id of the variable; those of containers stand with their execution.</summary>
    public ImmutableSortedDictionary<string, JsonNode?> Variables { get; init; } = NoValues;

    public ImmutableSortedDictionary<string, JsonNode?> Outputs { get; init; } = NoValues;

    /// <summary>The newest outputs of each activity that has any, by the activity's id.</summary>
    public ImmutableSortedDictionary<string, JsonNode?> Results { get; init; } = NoValues;

    /// <summary>The activity whose result is the newest.</summary>
    public string? LastResult { get; init; }

    /// <summary>How often each activity was started.</summary>
    public ImmutableSortedDictionary<string, int> Runs { get; init; } = NoCounts;

    /// <summary>The version of each step that this instance was started with or has accepted since, by the step's name.</summary>
    public ImmutableSortedDictionary<string, int> StepVersions { get; init; } = NoCounts;

    /// <summary>What has started and not ended, in the order of the start: a container before what is in it.</summary>
    public ImmutableList<ActivityExecution> Open { get; init; } = [];

    public ImmutableList<Incident> Incidents { get; init; } = [];

    internal static readonly ImmutableSortedDictionary<string, JsonNode?> NoValues =
        ImmutableSortedDictionary.Create<string, JsonNode?>(StringComparer.Ordinal);

    internal static readonly ImmutableSortedDictionary<string, int> NoCounts = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);

    [JsonIgnore]
    public bool Ended => Status is WorkflowStatus.Finished or WorkflowStatus.Cancelled;

    /// <summary>The steps that have been started and not answered, in the order of their start; those that wait are among them.</summary>
    [JsonIgnore]
    public IEnumerable<ActivityExecution> OpenSteps => Open.Where(e => e is { IsStep: true, Faulted: false });

    /// <summary>What waits: for a time, for events, or for a child.</summary>
    [JsonIgnore]
    public IEnumerable<ActivityExecution> Waits => Open.Where(e => e.IsWaiting);

    /// <summary>True where an event of this name would be taken by something that waits for it.</summary>
    public bool WaitsFor(string eventName) => !Ended && Waits.Any(e => e.WakeEvents?.Contains(eventName) == true);

    /// <summary>The stored form. Unlike canonical JSON it keeps the order, the nulls and the case of what scripts made.</summary>
    public string ToText() => StoredJson.ToText(this);

    /// <summary>Reads a stored state of this or an earlier format.</summary>
    /// <exception cref="InvalidDataException">The text is no state or one of a newer format; the message names <paramref name="what"/>.</exception>
    public static WorkflowState Parse(string json, string what) =>
        Upgrade(StoredJson.Parse<WorkflowState>(json, what), what);

    // Format 1 knew one flowchart and steps in it: whatever was no flowchart was a step.
    static WorkflowState Upgrade(WorkflowState state, string what) => state.Format switch
    {
        CurrentFormat => state,
        1 => state with { Format = CurrentFormat, Open = [.. state.Open.Select(e => e with { IsStep = e.Flow is null })] },
        var format => throw new InvalidDataException($"{what} is of format {format}; expected at most {CurrentFormat}."),
    };

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
    /// <summary>How <see cref="WaitsFor"/> begins where it is an event; its name follows in quotes.</summary>
    public const string ForEvent = "the event";

    public JsonObject? Inputs { get; init; }

    /// <summary>True where a backward connection led here: such a run does not count as a visit of the forward graph.</summary>
    public bool ByBackward { get; init; }

    /// <summary>True for a step, which runs outside the interpreter.</summary>
    public bool IsStep { get; init; }

    public int FailedAttempts { get; init; }

    public bool Faulted { get; init; }

    public JsonObject? StepState { get; init; }

    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>In words, what is waited for.</summary>
    public string? WaitsFor { get; init; }

    public ImmutableList<string>? WakeEvents { get; init; }

    /// <summary>The instance whose end is waited for.</summary>
    public string? Child { get; init; }

    /// <summary>How far a flowchart is; null for every other activity.</summary>
    public FlowProgress? Flow { get; init; }

    /// <summary>How many activities of a sequence have been started.</summary>
    public int Next { get; init; }

    /// <summary>The variables of a container that has any, by id.</summary>
    public ImmutableSortedDictionary<string, JsonNode?>? Variables { get; init; }

    [JsonIgnore]
    public bool IsWaiting => !Faulted && (WakeAt is not null || WakeEvents is not null || Child is not null);

    public static string IdOf(string activity, int run) => run == 1 ? activity : $"{activity}#{run}";
}

/// <summary>How often each activity and connection of a flowchart was visited, by a token or by its absence.</summary>
public sealed record FlowProgress(string? Start)
{
    public ImmutableSortedDictionary<string, int> Activities { get; init; } = WorkflowState.NoCounts;

    public ImmutableSortedDictionary<string, ConnectionVisits> Connections { get; init; } =
        ImmutableSortedDictionary.Create<string, ConnectionVisits>(StringComparer.Ordinal);

    internal int Visits(Connection connection) => Connections.GetValueOrDefault(connection.ToString())?.Count ?? 0;
}

/// <summary>Visits of a connection, and whether a token took it the last time.</summary>
public sealed record ConnectionVisits(int Count, bool Followed);
