using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <content>Answers, and taking them back.</content>
public sealed partial class LabelingQueue
{
    sealed class Answered
    {
        public required LabelingJudgementRow Judgement { get; init; }
        public required LabelingQuestionRow Question { get; init; }
        public required LabelingRequestRow Request { get; init; }
    }

    /// <summary>Keeps an answer and lets go of the question. One that comes after its lease counts where a place is still empty.</summary>
    /// <exception cref="ArgumentException">The question was never this labeler's.</exception>
    /// <exception cref="InvalidOperationException">The key is that of an answer to another question.</exception>
    public async Task<AnswerFate> AnswerAsync(string labeler, LabelerAnswer answer, CancellationToken cancellationToken)
    {
        await using var write = await _database.WriteAsync(cancellationToken);
        var db = write.Db;
        var key = StoredKey(answer.Key, labeler);
        var taking = await DeskTransaction.BeginAsync(db, [answer.Item], cancellationToken);
        if (await db.LabelingJudgements.AsNoTracking().SingleOrDefaultAsync(j => j.Key == key, cancellationToken) is { } known)
            return known.Item == answer.Item ? await FateOfAsync(db, known, cancellationToken)
                : throw new InvalidOperationException($"The answer's key '{answer.Key}' is that of another question; expected a new one for each answer.");
        var assignment = await AssignmentAsync(db, labeler, answer.Item, cancellationToken);
        var now = _time.GetUtcNow();
        var first = Enum.Parse<Side>(assignment.ShownFirst);
        var line = new JudgementLine(answer.Item, labeler, first == Side.A ? answer.Choice : answer.Choice.Swapped())
        {
            Kind = LabelerKind.Person,
            Seconds = answer.Seconds,
            ShownFirst = first,
            Guidelines = answer.Guidelines,
            At = answer.At,
            SafeA = first == Side.A ? answer.SafeFirst : answer.SafeSecond,
            SafeB = first == Side.A ? answer.SafeSecond : answer.SafeFirst,
        };
        var receipt = taking.Add([new DeskAnswer(key, line) { Comment = answer.Comment }], now);
        assignment.LeasedUntil = now;
        await db.SaveChangesAsync(cancellationToken);
        await taking.CloseAsync(now, cancellationToken);
        await write.CommitAsync(cancellationToken);
        _pulse.Fire();
        // A check looks like any other question, before and after.
        return receipt.Taken > 0 || taking.IsCheck(answer.Item, isRepeated: receipt.SelfRepeated > 0) ? AnswerFate.Counted : receipt.Surplus > 0 ? AnswerFate.Surplus : AnswerFate.SelfRepeated;
    }

    /// <summary>Takes the labeler's last answer back, as long as its request is not complete. Asked again, the same happens.</summary>
    /// <returns>Its question, to be answered anew; null where the answer did not count and others hold every place.</returns>
    /// <exception cref="ArgumentException">There is no such answer of this labeler.</exception>
    /// <exception cref="InvalidOperationException">It is not the last one, or its request is complete.</exception>
    public async Task<Assignment?> UndoAsync(string labeler, string answerKey, CancellationToken cancellationToken)
    {
        await using var write = await _database.WriteAsync(cancellationToken);
        var db = write.Db;
        var key = StoredKey(answerKey, labeler);
        var item = await db.LabelingJudgements.Where(j => j.Key == key).Select(j => j.Item).SingleOrDefaultAsync(cancellationToken)
            ?? throw new ArgumentException($"There is no answer '{answerKey}' of {labeler}; expected the key of the last one.");
        var question = await db.LabelingQuestions.SingleAsync(q => q.Item == item, cancellationToken);
        await DeskTransaction.LockAsync(db, [question.RequestId], cancellationToken);
        await db.Entry(question).ReloadAsync(cancellationToken);
        var judgement = await db.LabelingJudgements.AsNoTracking().SingleAsync(j => j.Key == key, cancellationToken);
        var assignment = await AssignmentAsync(db, labeler, item, cancellationToken);
        var now = _time.GetUtcNow();
        if (judgement.UndoneAt is null)
        {
            if ((await LastOf(db, labeler).FirstAsync(cancellationToken)) is var last && last.Judgement.Key != key)
                throw new InvalidOperationException("Only your last answer can be taken back, and you have given another one since.");
            if (last.Request.ClosedAt is not null && question.Gold is null)
                throw new InvalidOperationException("Your last answer can no longer be taken back: all answers that were asked for with it are there and have been collected.");
            await db.LabelingJudgements.Where(j => j.Key == key)
                .ExecuteUpdateAsync(set => set.SetProperty(j => j.UndoneAt, now).SetProperty(j => j.Place, (int?)null), cancellationToken);
            if (judgement.Place is not null) DeskTransaction.Empty(question, last.Request);
            await db.SaveChangesAsync(cancellationToken);
        }
        // What came again on purpose comes once more, as everything that is taken back.
        var isCheck = question.Gold is not null || await db.LabelingJudgements.AnyAsync(j => j.Item == item && j.Labeler == labeler && j.UndoneAt == null && j.Key != key, cancellationToken);
        var isAsked = isCheck || await Free(db, question.RequestId, labeler, now).AnyAsync(q => q.Item == item, cancellationToken);
        var again = isAsked ? Hold(db, question, assignment, labeler, now) : null;
        await db.SaveChangesAsync(cancellationToken);
        await write.CommitAsync(cancellationToken);
        return again;
    }

    static IQueryable<Answered> LastOf(RuntimeDbContext db, string labeler) =>
        from j in db.LabelingJudgements.AsNoTracking()
        join q in db.LabelingQuestions on j.Item equals q.Item
        join r in db.LabelingRequests on q.RequestId equals r.Id
        where j.Labeler == labeler && j.UndoneAt == null
        orderby j.Number descending
        select new Answered { Judgement = j, Question = q, Request = r };

    static async Task<LabelingAssignmentRow> AssignmentAsync(RuntimeDbContext db, string labeler, string item, CancellationToken cancellationToken) =>
        await db.LabelingAssignments.SingleOrDefaultAsync(a => a.Labeler == labeler && a.Item == item, cancellationToken)
        ?? throw new ArgumentException($"Item '{item}' was not given to {labeler}; expected a question that was.");

    static async Task<AnswerFate> FateOfAsync(RuntimeDbContext db, LabelingJudgementRow judgement, CancellationToken cancellationToken) =>
        judgement.UndoneAt is not null ? AnswerFate.Undone
        : judgement.Place is not null || await db.LabelingQuestions.AnyAsync(q => q.Item == judgement.Item && q.Gold != null, cancellationToken) ? AnswerFate.Counted
        : await db.LabelingJudgements.AnyAsync(
            j => j.Item == judgement.Item && j.Labeler == judgement.Labeler && j.UndoneAt == null && j.Number < judgement.Number, cancellationToken)
            ? await db.LabelingQuestions.AnyAsync(q => q.Item == judgement.Item && db.LabelingRequests.Any(r => r.Id == q.RequestId && r.RepeatShare > 0), cancellationToken)
                ? AnswerFate.Counted : AnswerFate.SelfRepeated
            : AnswerFate.Surplus;

    // Two labelers may make the same key; neither may meet the other's answer by it.
    static string StoredKey(string key, string labeler) => $"{PrefixOf(labeler)}{key}";

    /// <summary>The key that the labeler made, or null for an answer that came by file.</summary>
    static string? KeyOf(string stored, string labeler) => stored.StartsWith(PrefixOf(labeler), StringComparison.Ordinal) ? stored[PrefixOf(labeler).Length..] : null;

    static string PrefixOf(string labeler) => $"page/{labeler}/";
}
