namespace Rlhf.Runtime.Store;

/// <summary>One immutable version of a definition; the hash is that of its meaning.</summary>
internal sealed class DefinitionRow
{
    public required string DefinitionId { get; init; }
    public required int Version { get; init; }
    public required string Hash { get; init; }
    public required string Name { get; init; }
    public required string Json { get; init; }
    public required string Source { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>
/// An instance as its newest transition left it. Revision is that transition's number: who writes over another one loses.
/// </summary>
internal sealed class InstanceRow
{
    public required string Id { get; init; }
    public required string DefinitionId { get; init; }
    public required int DefinitionVersion { get; init; }
    public required string Status { get; init; }
    public required string State { get; init; }
    public required int Revision { get; init; }
    public required string Inputs { get; init; }
    public string? Incident { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>An event that made a transition; applied again in order, the events of an instance give its state.</summary>
internal sealed class EventRow
{
    public required string InstanceId { get; init; }
    public required int Number { get; init; }
    public required string Json { get; init; }
}

/// <summary>A step that waits: what the state of its instance says, in a form that can be searched by deadline and event.</summary>
internal sealed class WaitingRow
{
    public required string InstanceId { get; init; }
    public required string Execution { get; init; }
    public string? State { get; init; }
    public required DateTimeOffset Deadline { get; init; }
    public required string Reason { get; init; }
    public required string Events { get; init; }
}
