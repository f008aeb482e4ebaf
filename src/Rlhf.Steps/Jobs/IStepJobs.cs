namespace Rlhf.Steps.Jobs;

/// <summary>
/// Where an engine leaves steps to be run and finds their answers. Every verb may be called again with the same effect. Failures of the place
/// propagate as <see cref="IOException"/>; whoever calls tries again.
/// </summary>
public interface IStepJobs
{
    /// <summary>Leaves a job; where one of its id was left before, that one and its answer stay.</summary>
    Task SubmitAsync(StepJob job, CancellationToken cancellationToken);

    /// <summary>The job's answer, acknowledged or not; null while it has none.</summary>
    Task<StepAnswer?> AnswerAsync(string id, CancellationToken cancellationToken);

    /// <summary>The ids of all jobs that are not acknowledged, and whether each has an answer.</summary>
    Task<IReadOnlyList<OpenJob>> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Who the job is for; null where no open job has that id.</summary>
    Task<StepJob?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>The engine has taken the answer and keeps what follows from it: the job is no longer open, its answer stays.</summary>
    Task AcknowledgeAsync(string id, CancellationToken cancellationToken);

    /// <summary>Lets a job run before its time. True for the first that wakes it; false also where there is no such open job.</summary>
    Task<bool> WakeAsync(string id, CancellationToken cancellationToken);

    /// <summary>Was it woken since it was left?</summary>
    Task<bool> IsWokenAsync(string id, CancellationToken cancellationToken);

    /// <summary>Ends a job for good: it is no longer open, and a worker that has it stops.</summary>
    Task CancelAsync(string id, CancellationToken cancellationToken);
}

/// <summary>An open job as a listing shows it.</summary>
public sealed record OpenJob(string Id, bool IsAnswered);
