using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime;

/// <summary>An instance in a list.</summary>
public sealed record InstanceSummary(
    string Id, string DefinitionId, int DefinitionVersion, WorkflowStatus Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    Incident? Incident)
{
    /// <summary>True where a driver has something to do, now or later.</summary>
    public bool IsOpen => Status is WorkflowStatus.Running or WorkflowStatus.Suspended;
}

/// <summary>
/// An instance in full: variables are by name; open are the steps that run or wait, with the reason and the time they wait for.
/// </summary>
public sealed record InstanceDetails(
    InstanceSummary Summary, JsonObject Inputs, JsonObject Variables, JsonObject Outputs, IReadOnlyList<ActivityExecution> Open,
    IReadOnlyList<Incident> Incidents);

/// <summary>How far an instance came: ended, faulted, or left open by whoever cancelled the run.</summary>
public sealed record InstanceResult(string Id, WorkflowStatus Status, JsonObject Outputs, Incident? Incident);
