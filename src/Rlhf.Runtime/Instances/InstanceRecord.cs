using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;

namespace Rlhf.Runtime.Instances;

/// <summary>Everything about an instance at one moment.</summary>
/// <param name="Log">Whole, in order.</param>
/// <param name="Steps">Those that are queued or run, with their progress.</param>
public sealed record InstanceRecord(
    InstanceSummary Summary, WorkflowDefinition Definition, WorkflowState State, IReadOnlyList<LogEntry> Log, IReadOnlyList<StepProgress> Steps);

/// <summary>
/// What an observer of an instance compares: it differs as soon as the instance moved on, or one of its steps got further.
/// </summary>
public sealed record InstanceStamp(WorkflowStatus Status, int Revision, DateTimeOffset UpdatedAt, string Progress);

/// <summary>What became of an instance that was to be deleted.</summary>
public enum Deletion { Deleted, Unknown, Open }
