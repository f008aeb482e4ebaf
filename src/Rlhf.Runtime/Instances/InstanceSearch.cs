using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Instances;

/// <summary>A time of an instance. Ended: of those that have finished, faulted or were cancelled, when that was.</summary>
public enum InstanceTime { Created, Updated, Ended }

/// <summary>How a time compares to another one.</summary>
public enum TimeComparison { Is, IsNot, Before, NotAfter, After, NotBefore }

/// <summary>Instances one of whose times compares like this.</summary>
public sealed record TimeCondition(InstanceTime Time, TimeComparison Comparison, DateTimeOffset At);

/// <summary>What instances are put in order by; one without a name stands by its definition's id among names.</summary>
public enum InstanceOrder { Created, Updated, Ended, Name, Definition, Status }

/// <summary>
/// Which instances are meant, in which order, and which part of them: every condition that is given must hold; of a list of values one must.
/// </summary>
public sealed record InstanceSearch
{
    public IReadOnlyList<string>? Ids { get; init; }

    public IReadOnlyList<string>? DefinitionIds { get; init; }

    public int? Version { get; init; }

    public IReadOnlyList<WorkflowStatus>? Statuses { get; init; }

    public string? CorrelationId { get; init; }

    public string? Name { get; init; }

    public bool? HasIncidents { get; init; }

    /// <summary>Part of the id of the instance or its definition, of what it is called by, or of who started it; without regard to case.</summary>
    public string? Text { get; init; }

    public IReadOnlyList<string>? Parents { get; init; }

    public IReadOnlyList<TimeCondition> Times { get; init; } = [];

    public InstanceOrder Order { get; init; }

    public bool Descending { get; init; } = true;

    public int Skip { get; init; }

    public int Take { get; init; } = 100;
}

/// <summary>A part of the instances that were searched for.</summary>
/// <param name="Items">In the order that was asked for.</param>
/// <param name="Total">How many there are in all.</param>
public sealed record InstancePage(IReadOnlyList<FoundInstance> Items, int Total);

/// <summary>An instance that was found, and how many failures it stands at.</summary>
public sealed record FoundInstance(InstanceSummary Summary, int Incidents);
