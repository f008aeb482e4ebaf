namespace Rlhf.Runtime.Store;

/// <summary>
/// A version of a definition. The hash is that of its meaning, which only a draft's ever changes; the revision counts the changes.
/// </summary>
internal sealed class DefinitionRow
{
    public required string DefinitionId { get; init; }
    public required int Version { get; init; }
    public required string Hash { get; set; }
    public required string Name { get; set; }
    public required string Json { get; set; }
    public required string Source { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public VersionState State { get; set; }
    public int Revision { get; set; } = 1;
}

/// <summary>What a version of a definition is.</summary>
internal enum VersionState
{
    /// <summary>Changes with every save.</summary>
    Draft,

    /// <summary>Never published, but instances run it.</summary>
    Pinned,

    /// <summary>The one that schedules, dispatches and runs by name take; at most one of a definition.</summary>
    Published,

    /// <summary>Was published, until another version was or it was retracted.</summary>
    Retired,

    /// <summary>Shown to nobody; kept since instances may run it, and since its number must not come again.</summary>
    Deleted,
}

/// <summary>
/// An instance as its newest transition left it. Revision is that transition's number: who writes over another one loses. The parent is the
/// instance and the activity execution that dispatched this one, the root the first of all its parents; the singleton key is set while an
/// instance is open that allows no other of its definition.
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
    public string? Parent { get; init; }
    public string? ParentExecution { get; init; }
    public string? Root { get; init; }
    public required int Depth { get; init; }
    public string? StartedBy { get; init; }
    public string? CorrelationId { get; init; }
    public string? Name { get; init; }
    public string? SingletonKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One row: the identity of the store, which its folder has too.</summary>
internal sealed class StoreRow
{
    public required string Id { get; init; }
}

/// <summary>An event that made a transition; applied again in order, the events of an instance give its state.</summary>
internal sealed class EventRow
{
    public required string InstanceId { get; init; }
    public required int Number { get; init; }
    public required string Json { get; init; }
}

/// <summary>What an instance waits for, as its state says it, in a form that can be searched: by time, by the name of an event.</summary>
internal sealed class WaitRow
{
    public required string InstanceId { get; init; }
    public required string Execution { get; init; }
    public DateTimeOffset? Due { get; init; }
    public required string Reason { get; init; }
}

/// <summary>A name of an event that an execution waits for.</summary>
internal sealed class WaitEventRow
{
    public required string InstanceId { get; init; }
    public required string Execution { get; init; }
    public required string Name { get; init; }
}

/// <summary>
/// A step that is to run, runs or has answered. The epoch fences: it grows with every dispatch and takeover, and who holds an older one
/// changes nothing here. Beat is counted up by the worker that runs the step; standing still, it says that the worker is gone.
/// </summary>
internal sealed class JobRow
{
    public required string InstanceId { get; init; }
    public required string Execution { get; init; }
    public required string Activity { get; init; }
    public required string Step { get; init; }
    public required int StepVersion { get; init; }
    public required string Queue { get; init; }
    public required string Inputs { get; init; }
    public string? StepState { get; init; }
    public required int Epoch { get; init; }
    public required JobStatus Status { get; init; }
    public string? Owner { get; init; }
    public int Beat { get; init; }
    public int Lost { get; init; }
    public double Fraction { get; init; }
    public string? Message { get; init; }
    public string? Metrics { get; init; }
    public string? Notices { get; init; }
    public string? Answer { get; init; }
    public required DateTimeOffset QueuedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
}

internal enum JobStatus { Queued, Running, Answered }

/// <summary>
/// Something to be delivered by the driver, stored in the transaction that brought it about and removed in the one that delivers it. To an
/// instance, or, an event without a target, to whoever waits for it until it expires.
/// </summary>
internal sealed class MessageRow
{
    public long Id { get; init; }
    public required MessageKind Kind { get; init; }
    public string? InstanceId { get; init; }
    public required string Json { get; init; }
    public required DateTimeOffset At { get; init; }
}

internal enum MessageKind { Event, Start, StartChild, ChildEnded, CancelChild }

/// <summary>
/// A trigger of a published definition with what is to be known of it to find the next time it is due, even where this version of the
/// product cannot read the definition. Without a time it is started by an event, or stands still since its expression could not be read.
/// </summary>
internal sealed class ScheduleRow
{
    public required string DefinitionId { get; init; }
    public required string ActivityId { get; init; }
    public required string Kind { get; init; }
    public required string Expression { get; init; }
    public required string Zone { get; init; }
    public required string Missed { get; init; }
    public required bool SkipUnchanged { get; init; }
    public required bool Paused { get; init; }
    public DateTimeOffset? Due { get; init; }
}

/// <summary>One row where what drives the store leaves its schedules to someone else; else none.</summary>
internal sealed class SchedulesLeftRow
{
    public required string To { get; init; }
}

/// <summary>What a schedule did at one due time; its key makes it happen once. Either an instance or the reason why there is none.</summary>
internal sealed class FiringRow
{
    public required string DefinitionId { get; init; }
    public required string ActivityId { get; init; }
    public required DateTimeOffset Due { get; init; }
    public required DateTimeOffset At { get; init; }
    public string? InstanceId { get; init; }
    public string? Skipped { get; init; }
    public string? InputsHash { get; init; }
}
