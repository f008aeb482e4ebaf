using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Rlhf.Runtime.Store;

/// <summary>One dispatch of a step: who holds an older epoch than the store's changes nothing.</summary>
internal sealed record JobKey(string Instance, string Execution, int Epoch);

/// <summary>How far a step is: 0 to 1, what it is doing, its newest metrics as JSON, and all its notices so far, one a line.</summary>
internal sealed record JobProgress(double Fraction, string? Message, string? Metrics, string? Notices);

/// <content>Jobs: claimed, kept alive, answered and taken over by single statements that name the epoch.</content>
internal sealed partial class WorkflowStore
{
    public async Task<IReadOnlyList<JobRow>> JobsAsync(JobStatus? status, CancellationToken cancellationToken, string? instance = null)
    {
        await using var db = Connect();
        var jobs = db.Jobs.AsNoTracking();
        if (status is { } wanted) jobs = jobs.Where(j => j.Status == wanted);
        if (instance is not null) jobs = jobs.Where(j => j.InstanceId == instance);
        return await jobs.OrderBy(j => j.QueuedAt).ThenBy(j => j.InstanceId).ThenBy(j => j.Execution).ToListAsync(cancellationToken);
    }

    /// <summary>Takes a queued job; null where it is gone, taken or of another epoch.</summary>
    public async Task<JobRow?> ClaimAsync(JobKey key, string owner, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var claimed = await Jobs(db, key, JobStatus.Queued).ExecuteUpdateAsync(set => set
            .SetProperty(j => j.Status, JobStatus.Running).SetProperty(j => j.Owner, owner).SetProperty(j => j.Beat, j => j.Beat + 1)
            .SetProperty(j => j.StartedAt, now), cancellationToken);
        return claimed == 0 ? null : await Jobs(db, key, JobStatus.Running).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>The workflow that an instance is of, and who started it.</summary>
    public async Task<(string Definition, string? StartedBy)> OriginOfAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var row = await db.Instances.Where(i => i.Id == instance).Select(i => new { i.DefinitionId, i.StartedBy }).SingleAsync(cancellationToken);
        return (row.DefinitionId, row.StartedBy);
    }

    /// <summary>
    /// Says that the worker lives, and how far it is; false where the job is no longer this worker's. A step that gets further than ever
    /// before is not what its workers die of, so those lost until then no longer count.
    /// </summary>
    public async Task<bool> BeatAsync(JobKey key, JobProgress progress, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Jobs(db, key, JobStatus.Running).ExecuteUpdateAsync(set => set
            .SetProperty(j => j.Beat, j => j.Beat + 1).SetProperty(j => j.Lost, j => progress.Fraction > j.Fraction ? 0 : j.Lost)
            .SetProperty(j => j.Fraction, j => progress.Fraction > j.Fraction ? progress.Fraction : j.Fraction)
            .SetProperty(j => j.Message, progress.Message).SetProperty(j => j.Metrics, progress.Metrics)
            .SetProperty(j => j.Notices, progress.Notices), cancellationToken) == 1;
    }

    /// <summary>True while a job of this epoch has not begun or has answered.</summary>
    public async Task<bool> IsThereAsync(JobKey key, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Jobs.AnyAsync(
            j => j.InstanceId == key.Instance && j.Execution == key.Execution && j.Epoch == key.Epoch && j.Status != JobStatus.Running, cancellationToken);
    }

    public async Task<bool> IsMineAsync(JobKey key, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Jobs(db, key, JobStatus.Running).AnyAsync(cancellationToken);
    }

    /// <summary>Commits a step's answer; false, and nothing changed, where the job was taken over or cancelled meanwhile.</summary>
    public async Task<bool> AnswerAsync(JobKey key, string answer, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Jobs(db, key, JobStatus.Running).ExecuteUpdateAsync(set => set
            .SetProperty(j => j.Status, JobStatus.Answered).SetProperty(j => j.Answer, answer), cancellationToken) == 1;
    }

    /// <summary>Gives a job that was not finished back to the queue, under a new epoch; lost where its worker was, not where it handed over.</summary>
    public async Task<bool> RequeueAsync(JobKey key, int? beat, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var jobs = Jobs(db, key, JobStatus.Running);
        if (beat is { } still) jobs = jobs.Where(j => j.Beat == still);
        var lost = beat is null ? 0 : 1;
        return await jobs.ExecuteUpdateAsync(set => set
            .SetProperty(j => j.Status, JobStatus.Queued).SetProperty(j => j.Epoch, j => j.Epoch + 1).SetProperty(j => j.Owner, (string?)null)
            .SetProperty(j => j.Lost, j => j.Lost + lost), cancellationToken) == 1;
    }

    /// <summary>Adds jobs that a state asks for and that are not there, such as those of a store of the earlier version.</summary>
    public async Task AddMissingJobsAsync(string instance, IReadOnlyList<JobRow> jobs, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var there = await db.Jobs.Where(j => j.InstanceId == instance).Select(j => j.Execution).ToListAsync(cancellationToken);
        db.Jobs.AddRange(jobs.Where(j => !there.Contains(j.Execution)));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Running instances none of whose steps has a job.</summary>
    public async Task<IReadOnlyList<string>> RunningWithoutJobsAsync(CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Instances.Where(i => i.Status == nameof(Interpreter.WorkflowStatus.Running) && !db.Jobs.Any(j => j.InstanceId == i.Id))
            .Select(i => i.Id).ToListAsync(cancellationToken);
    }

    static IQueryable<JobRow> Jobs(RuntimeDbContext db, JobKey key, JobStatus status)
    {
        Expression<Func<JobRow, bool>> same =
            j => j.InstanceId == key.Instance && j.Execution == key.Execution && j.Epoch == key.Epoch && j.Status == status;
        return db.Jobs.Where(same);
    }
}
