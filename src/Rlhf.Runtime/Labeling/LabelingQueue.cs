using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;

namespace Rlhf.Runtime.Labeling;

/// <summary>
/// Hands the desk's questions to people one by one and takes what they say. Whatever has returned is durable; failures of the database propagate.
/// </summary>
public sealed partial class LabelingQueue
{
    /// <summary>How long a place is kept for a labeler who says nothing.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);

    readonly Database _database;
    readonly TimeProvider _time;
    readonly Pulse _pulse;

    internal LabelingQueue(Database database, TimeProvider time, Pulse pulse) => (_database, _time, _pulse) = (database, time, pulse);

    /// <summary>
    /// What the labeler has in hand, its leases begun anew, and as many new questions as make it <paramref name="count"/>. No question is in more hands
    /// than it has empty places.
    /// </summary>
    /// <param name="axes">Axes that this labeler may be asked about.</param>
    public async Task<IReadOnlyList<Assignment>> AssignAsync(string labeler, int count, IReadOnlyCollection<string> axes, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        while (true)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var now = _time.GetUtcNow();
            var candidates = await Available(db, labeler, now).Where(a => axes.Contains(a.Question.Axis)).Take(count).ToListAsync(cancellationToken);
            if (candidates.Count == 0) return [];
            // Others may have taken the last places meanwhile: asked again where no one else can take any.
            await DeskTransaction.LockAsync(db, candidates.Select(c => c.Question.RequestId).Distinct(), cancellationToken);
            var items = candidates.ConvertAll(c => c.Question.Item);
            var free = await Available(db, labeler, now).Where(a => items.Contains(a.Question.Item)).ToListAsync(cancellationToken);
            if (free.Count < candidates.Count)
            {
                await transaction.RollbackAsync(cancellationToken);
                continue;
            }
            var held = await db.LabelingAssignments.Where(a => a.Labeler == labeler && items.Contains(a.Item)).ToDictionaryAsync(a => a.Item, cancellationToken);
            var assigned = free.ConvertAll(f => Hold(db, f.Question, held.GetValueOrDefault(f.Question.Item), labeler, now));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return assigned;
        }
    }

    /// <summary>Where a labeler stands.</summary>
    public async Task<LabelerProgress> ProgressAsync(string labeler, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var answered = await db.LabelingJudgements.CountAsync(j => j.Labeler == labeler && j.UndoneAt == null, cancellationToken);
        var left = await Available(db, labeler, _time.GetUtcNow()).CountAsync(cancellationToken);
        var last = await LastOf(db, labeler).Select(l => new { l.Judgement.Key, l.Judgement.Item, l.Request.ClosedAt }).FirstOrDefaultAsync(cancellationToken);
        return new(answered, left, last is null || KeyOf(last.Key, labeler) is not { } key ? null : new(key, last.Item, CanUndo: last.ClosedAt is null));
    }

    /// <summary>Axes of the questions that this labeler could get now.</summary>
    public async Task<IReadOnlyList<string>> AxesAsync(string labeler, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await Available(db, labeler, _time.GetUtcNow()).Select(a => a.Question.Axis).Distinct().OrderBy(a => a).ToListAsync(cancellationToken);
    }

    /// <summary>The desk at a glance.</summary>
    public async Task<DeskSummary> SummaryAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var now = _time.GetUtcNow();
        var open = await Open(db).CountAsync(cancellationToken);
        var held = await db.LabelingAssignments.Where(a => !a.Skipped && a.LeasedUntil > now).Select(a => a.Item).Distinct().CountAsync(cancellationToken);
        var labelers = await db.LabelingJudgements.Where(j => j.UndoneAt == null).GroupBy(j => j.Labeler)
            .Select(g => new { Labeler = g.Key, Answered = g.Count(), Last = g.Max(j => j.ReceivedAt) }).OrderByDescending(g => g.Answered).ToListAsync(cancellationToken);
        var flags = await db.LabelingRemarks.Where(r => r.Kind == nameof(RemarkKind.Flag)).GroupBy(r => r.Section)
            .Select(g => new { Section = g.Key, Flags = g.Count() }).OrderByDescending(g => g.Flags).ToListAsync(cancellationToken);
        return new(
            open, held,
            [.. labelers.Select(l => new LabelerActivity(l.Labeler, l.Answered, l.Last))],
            [.. flags.Select(f => new FlaggedSection(f.Section ?? "", f.Flags))]);
    }

    sealed class Asked
    {
        public required LabelingQuestionRow Question { get; init; }
        public required LabelingRequestRow Request { get; init; }
    }

    /// <summary>Questions with an empty place for whose answers somebody waits.</summary>
    static IQueryable<Asked> Open(RuntimeDbContext db) =>
        from q in db.LabelingQuestions.AsNoTracking()
        join r in db.LabelingRequests.AsNoTracking() on q.RequestId equals r.Id
        where r.ClosedAt == null && db.LabelingJudgements.Count(j => j.Item == q.Item && j.Place != null) < r.JudgementsPerQuestion
            && !db.Instances.Any(i => i.Id == r.InstanceId && (i.Status == nameof(WorkflowStatus.Cancelled) || i.Status == nameof(WorkflowStatus.Finished)))
        select new Asked { Question = q, Request = r };

    /// <summary>Of these what a labeler may get: what is in hand first, then the oldest.</summary>
    static IQueryable<Asked> Available(RuntimeDbContext db, string labeler, DateTimeOffset now) =>
        from q in db.LabelingQuestions.AsNoTracking()
        join r in db.LabelingRequests.AsNoTracking() on q.RequestId equals r.Id
        let inHand = db.LabelingAssignments.Any(a => a.Item == q.Item && a.Labeler == labeler && !a.Skipped && a.LeasedUntil > now)
        where r.ClosedAt == null
            && db.LabelingJudgements.Count(j => j.Item == q.Item && j.Place != null)
                + db.LabelingAssignments.Count(a => a.Item == q.Item && a.Labeler != labeler && !a.Skipped && a.LeasedUntil > now) < r.JudgementsPerQuestion
            && !db.LabelingJudgements.Any(j => j.Item == q.Item && j.Labeler == labeler && j.UndoneAt == null)
            && !db.LabelingAssignments.Any(a => a.Item == q.Item && a.Labeler == labeler && a.Skipped)
            && !db.Instances.Any(i => i.Id == r.InstanceId && (i.Status == nameof(WorkflowStatus.Cancelled) || i.Status == nameof(WorkflowStatus.Finished)))
        orderby inHand descending, r.AskedAt, r.Id, q.Position
        select new Asked { Question = q, Request = r };

    static Assignment Hold(RuntimeDbContext db, LabelingQuestionRow question, LabelingAssignmentRow? held, string labeler, DateTimeOffset now)
    {
        if (held is null)
        {
            held = new()
            {
                Item = question.Item,
                Labeler = labeler,
                ShownFirst = Assignment.Draw(question.Item, labeler).ToString(),
                AssignedAt = now,
                LeasedUntil = now + Lease,
            };
            db.LabelingAssignments.Add(held);
        }
        held.LeasedUntil = now + Lease;
        return new(question.Item, LabelingDesk.QuestionOf(question), Enum.Parse<Side>(held.ShownFirst), held.LeasedUntil);
    }
}
