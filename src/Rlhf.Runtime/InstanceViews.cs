using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime;

/// <summary>An instance in a list.</summary>
public sealed record InstanceSummary(
    string Id, string DefinitionId, int DefinitionVersion, WorkflowStatus Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    Incident? Incident)
{
    /// <summary>True where an engine has something to do, now or later.</summary>
    public bool IsOpen => Status is WorkflowStatus.Running or WorkflowStatus.Suspended;

    /// <summary>The instance that dispatched this one.</summary>
    public string? Parent { get; init; }

    /// <summary>The person who started it, or the first of all its parents; null where a schedule, an event or nobody known did.</summary>
    public string? StartedBy { get; init; }

    /// <summary>What whoever started it calls it by; null where nothing.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The name that whoever started it gave it, for people; null where none.</summary>
    public string? Name { get; init; }
}

/// <summary>In whose name an instance is started, the id that the caller knows it by, and its name for people; null: none.</summary>
public sealed record InstanceLabel(string? StartedBy = null, string? CorrelationId = null, string? Name = null);

/// <summary>Which instances to list, the newest first: at most <paramref name="Take"/> (default 100) after leaving out <paramref name="Skip"/>.</summary>
public sealed record InstanceQuery(int Take = 100, int Skip = 0)
{
    public string? Id { get; init; }

    public WorkflowStatus? Status { get; init; }

    public string? DefinitionId { get; init; }

    public string? Parent { get; init; }

    /// <summary>Running and suspended ones only.</summary>
    public bool OnlyOpen { get; init; }
}

/// <summary>
/// An instance in full: variables are by name; open are the activities that run or wait, with the reason and the time they wait for; steps
/// those that are queued or run, with their progress.
/// </summary>
public sealed record InstanceDetails(
    InstanceSummary Summary, JsonObject Inputs, JsonObject Variables, JsonObject Outputs, IReadOnlyList<ActivityExecution> Open,
    IReadOnlyList<Incident> Incidents, IReadOnlyList<StepProgress> Steps);

/// <summary>
/// How far a step came: 0 to 1, what it is doing, its newest metrics, the worker that runs it (null: it is queued), and how many workers it
/// lost since it last got further.
/// </summary>
public sealed record StepProgress(
    string Execution, string Activity, string Step, string Queue, string? Worker, double Fraction, string? Message, JsonObject? Metrics, int Lost,
    DateTimeOffset QueuedAt, DateTimeOffset? StartedAt);

/// <summary>How far an instance came: ended, faulted, or left open by whoever cancelled the run.</summary>
public sealed record InstanceResult(string Id, WorkflowStatus Status, JsonObject Outputs, Incident? Incident);
