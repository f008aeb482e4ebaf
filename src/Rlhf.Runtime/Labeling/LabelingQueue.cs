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
    /// than it has empty places. Instead of a new one may come, unnoticed, one whose answer is known, or one that this labeler has answered before.
    /// </summary>
    /// <param name="axes">Axes that this labeler may be asked about.</param>
    public async Task<IReadOnlyList<Assignment>> AssignAsync(string labeler, int count, IReadOnlyCollection<string> axes, CancellationToken cancellationToken)
    {
        List<Assignment> assigned;
        List<LabelingRequestRow> requests;
        await using (var write = await _database.WriteAsync(cancellationToken, survivesPowerCut: false))
        {
            assigned = await KeepAsync(write.Db, labeler, count, axes, cancellationToken);
            requests = assigned.Count < count ? await Waiting(write.Db).OrderBy(r => r.AskedAt).ThenBy(r => r.Id).ToListAsync(cancellationToken) : [];
            await write.CommitAsync(cancellationToken);
        }
        // Each in a transaction of its own: one that holds several requests might wait for one that wants them in another order.
        foreach (var request in requests)
        {
            if (assigned.Count >= count) break;
            await using var write = await _database.WriteAsync(cancellationToken, survivesPowerCut: false);
            await DeskTransaction.LockAsync(write.Db, [request.Id], cancellationToken);
            assigned.AddRange(await TakeAsync(write.Db, request, labeler, count - assigned.Count, axes, cancellationToken));
            await write.CommitAsync(cancellationToken);
        }
        return assigned;
    }

    /// <summary>Has every query made once, as nobody, so that the first labelers do not wait for that.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        const string nobody = "";
        _ = await AxesAsync(nobody, cancellationToken);
        _ = await ProgressAsync(nobody, cancellationToken);
        _ = await HasAcknowledgedAsync(nobody, nobody, nobody, cancellationToken);
        _ = await HasQualifiedAsync(nobody, nobody, nobody, cancellationToken);
        _ = await AssignAsync(nobody, 1, [], cancellationToken);
        try
        {
            _ = await AnswerAsync(nobody, new(nobody, nobody, Choice.Tie, null), cancellationToken);
        }
        catch (ArgumentException)
        {
            // There is no such question, and nothing was kept.
        }
    }

    /// <summary>Where a labeler stands.</summary>
    public async Task<LabelerProgress> ProgressAsync(string labeler, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var answered = await db.LabelingJudgements.CountAsync(j => j.Labeler == labeler && j.UndoneAt == null, cancellationToken);
        var requests = await Waiting(db).Select(r => r.Id).ToListAsync(cancellationToken);
        var open = db.LabelingQuestions.Where(q => requests.Contains(q.RequestId) && q.Missing > 0 && !q.ForAdjudicator);
        // Judged or skipped: few beside all that are open, so they are found from the labeler's side.
        var judged = await db.LabelingJudgements.Where(j => j.Labeler == labeler && j.UndoneAt == null).Join(open, j => j.Item, q => q.Item, (j, q) => q.Item)
            .Union(db.LabelingAssignments.Where(a => a.Labeler == labeler && a.Skipped).Join(open, a => a.Item, q => q.Item, (a, q) => q.Item)).CountAsync(cancellationToken);
        var left = await open.CountAsync(cancellationToken) - judged;
        var last = await LastOf(db, labeler).Select(l => new { l.Judgement.Key, l.Judgement.Item, CanUndo = l.Request.ClosedAt == null || l.Question.Gold != null }).FirstOrDefaultAsync(cancellationToken);
        return new(answered, left, last is null || KeyOf(last.Key, labeler) is not { } key ? null : new(key, last.Item, last.CanUndo));
    }

    /// <summary>Axes of the questions that this labeler could get now, those in hand included.</summary>
    public async Task<IReadOnlyList<string>> AxesAsync(string labeler, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var requests = await Waiting(db).ToListAsync(cancellationToken);
        var ids = requests.ConvertAll(r => r.Id);
        var axes = new List<string>();
        foreach (var axis in await db.LabelingQuestions.Where(q => ids.Contains(q.RequestId) && q.Missing > 0).Select(q => q.Axis).Distinct().OrderBy(a => a).ToListAsync(cancellationToken))
        {
            foreach (var id in ids)
            {
                if (!await Free(db, id, labeler, _time.GetUtcNow()).AnyAsync(q => q.Axis == axis, cancellationToken)) continue;
                axes.Add(axis);
                break;
            }
        }
        return axes;
    }

    /// <summary>The desk at a glance.</summary>
    public async Task<DeskSummary> SummaryAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var now = _time.GetUtcNow();
        var requests = await Waiting(db).Select(r => r.Id).ToListAsync(cancellationToken);
        var open = await db.LabelingQuestions.CountAsync(q => requests.Contains(q.RequestId) && q.Missing > 0, cancellationToken);
        var held = await db.LabelingAssignments.Where(a => !a.Skipped && a.LeasedUntil > now).Select(a => a.Item).Distinct().CountAsync(cancellationToken);
        var labelers = await db.LabelingJudgements.Where(j => j.UndoneAt == null).GroupBy(j => j.Labeler)
            .Select(g => new { Labeler = g.Key, Answered = g.Count(), Last = g.Max(j => j.ReceivedAt) }).OrderByDescending(g => g.Answered).ToListAsync(cancellationToken);
        var flags = await db.LabelingRemarks.Where(r => r.Kind == nameof(RemarkKind.Flag)).GroupBy(r => r.Section)
            .Select(g => new { Section = g.Key, Flags = g.Count() }).OrderByDescending(g => g.Flags).ToListAsync(cancellationToken);
        var qualifications = await QualificationsAsync(cancellationToken);
        // Whoever fails at the examples has answered nothing yet, and is to be seen all the same.
        var trying = qualifications.Where(q => labelers.TrueForAll(l => l.Labeler != q.Labeler)).GroupBy(q => q.Labeler).Select(g => new LabelerActivity(g.Key, 0, g.Max(q => q.Last)));
        var (hour, day) = (now - TimeSpan.FromHours(1), now - TimeSpan.FromDays(1));
        return new(
            open, held, await CountDisputedAsync(cancellationToken),
            await db.LabelingJudgements.CountAsync(j => j.ReceivedAt > hour && j.UndoneAt == null, cancellationToken),
            await db.LabelingJudgements.CountAsync(j => j.ReceivedAt > day && j.UndoneAt == null, cancellationToken),
            await AgreementAsync(db, cancellationToken),
            [.. labelers.Select(l => new LabelerActivity(l.Labeler, l.Answered, l.Last)), .. trying],
            await ChecksAsync(cancellationToken),
            [.. flags.Select(f => new FlaggedSection(f.Section ?? "", f.Flags))])
        { Versions = await AgreementByVersionAsync(db, cancellationToken), Qualifications = qualifications };
    }

    /// <summary>Requests for whose answers somebody waits.</summary>
    static IQueryable<LabelingRequestRow> Waiting(RuntimeDbContext db) => db.LabelingRequests.AsNoTracking().Where(
        r => r.ClosedAt == null
            && !db.Instances.Any(i => i.Id == r.InstanceId && (i.Status == nameof(WorkflowStatus.Cancelled) || i.Status == nameof(WorkflowStatus.Finished))));

    /// <summary>Of a request what a labeler may get, in hand or not, in its order. Every condition looks at the rows of one question.</summary>
    static IQueryable<LabelingQuestionRow> Free(RuntimeDbContext db, string request, string labeler, DateTimeOffset now) => db.LabelingQuestions.AsNoTracking()
        .Where(q => q.RequestId == request && q.Missing > 0 && !q.ForAdjudicator
            && db.LabelingAssignments.Count(a => a.Item == q.Item && a.Labeler != labeler && !a.Skipped && a.LeasedUntil > now) < q.Missing
            && !db.LabelingJudgements.Any(j => j.Item == q.Item && j.Labeler == labeler && j.UndoneAt == null)
            && !db.LabelingAssignments.Any(a => a.Item == q.Item && a.Labeler == labeler && a.Skipped))
        .OrderBy(q => q.Position);

    /// <summary>What is in hand already, held on to: unless its places were filled from elsewhere meanwhile.</summary>
    async Task<List<Assignment>> KeepAsync(RuntimeDbContext db, string labeler, int count, IReadOnlyCollection<string> axes, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var held = await (
            from a in db.LabelingAssignments
            join q in db.LabelingQuestions.AsNoTracking() on a.Item equals q.Item
            let isJudged = db.LabelingJudgements.Any(j => j.Item == q.Item && j.Labeler == labeler && j.UndoneAt == null)
            where a.Labeler == labeler && a.LeasedUntil > now && !a.Skipped && axes.Contains(q.Axis)
                && (q.Gold != null || Waiting(db).Any(r => r.Id == q.RequestId && (isJudged ? r.RepeatShare > 0 : q.Missing > 0)))
            orderby a.AssignedAt, q.RequestId, q.Position
            select new { Assignment = a, Question = q }).Take(count).ToListAsync(cancellationToken);
        var kept = held.ConvertAll(h => Hold(db, h.Question, h.Assignment, labeler, now));
        await db.SaveChangesAsync(cancellationToken);
        return kept;
    }

    /// <summary>New questions of a request that no one else can take any place of meanwhile.</summary>
    async Task<List<Assignment>> TakeAsync(
        RuntimeDbContext db, LabelingRequestRow request, string labeler, int count, IReadOnlyCollection<string> axes, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var questions = await Free(db, request.Id, labeler, now).Where(
            q => axes.Contains(q.Axis) && !db.LabelingAssignments.Any(a => a.Item == q.Item && a.Labeler == labeler && !a.Skipped && a.LeasedUntil > now)).Take(count).ToListAsync(cancellationToken);
        if (request.GoldShare + request.RepeatShare > 0) await CheckAsync(db, request, labeler, questions, cancellationToken);
        var items = questions.ConvertAll(q => q.Item);
        var held = await db.LabelingAssignments.Where(a => a.Labeler == labeler && items.Contains(a.Item)).ToDictionaryAsync(a => a.Item, cancellationToken);
        var judged = await db.LabelingJudgements.Where(j => j.Labeler == labeler && j.UndoneAt == null && items.Contains(j.Item)).Select(j => j.Item).ToListAsync(cancellationToken);
        foreach (var repeated in judged.Distinct()) if (held.TryGetValue(repeated, out var row)) row.ShownFirst = (row.ShownFirst == nameof(Side.A) ? Side.B : Side.A).ToString();
        var assigned = questions.ConvertAll(q => Hold(db, q, held.GetValueOrDefault(q.Item), labeler, now));
        await db.SaveChangesAsync(cancellationToken);
        return assigned;
    }

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
