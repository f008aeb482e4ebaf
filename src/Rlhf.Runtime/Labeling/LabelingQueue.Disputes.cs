using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>What a labeler said of a disputed question, in words too.</summary>
public sealed record DisputedAnswer(string Labeler, Choice Choice, string? Comment);

/// <summary>A question on which labelers do not agree, and that waits for somebody who decides.</summary>
public sealed record Dispute(string Item, Question Question, IReadOnlyList<DisputedAnswer> Answers);

/// <content>What labelers do not agree on, and who decides it.</content>
public sealed partial class LabelingQueue
{
    /// <summary>Questions that wait for an adjudicator, the oldest first.</summary>
    public async Task<IReadOnlyList<Dispute>> DisputedAsync(int count, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var questions = await (
            from q in db.LabelingQuestions.AsNoTracking()
            join r in Waiting(db) on q.RequestId equals r.Id
            where q.Missing > 0 && q.ForAdjudicator
            orderby r.AskedAt, r.Id, q.Position
            select q).Take(count).ToListAsync(cancellationToken);
        var items = questions.ConvertAll(q => q.Item);
        var answers = (await db.LabelingJudgements.AsNoTracking().Where(j => items.Contains(j.Item) && j.Place != null).OrderBy(j => j.Place).ToListAsync(cancellationToken)).ToLookup(j => j.Item);
        return [.. questions.Select(q => new Dispute(q.Item, LabelingDesk.QuestionOf(q), [.. answers[q.Item].Select(j => new DisputedAnswer(j.Labeler, Choices.Parse(j.Choice)!.Value, j.Comment))]))];
    }

    /// <summary>How many questions wait for an adjudicator.</summary>
    public async Task<int> CountDisputedAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await db.LabelingQuestions.CountAsync(q => q.Missing > 0 && q.ForAdjudicator && Waiting(db).Any(r => r.Id == q.RequestId), cancellationToken);
    }

    /// <summary>Decides a disputed question; the same decision of the same adjudicator again is the same one.</summary>
    /// <param name="choice">Between the question's own sides.</param>
    /// <exception cref="ArgumentException">There is no such question, or the adjudicator is one of those who do not agree.</exception>
    /// <exception cref="InvalidOperationException">It waits for nobody's decision (any more).</exception>
    public async Task AdjudicateAsync(string adjudicator, string item, Choice choice, string? comment, CancellationToken cancellationToken)
    {
        await using var write = await _database.WriteAsync(cancellationToken);
        var db = write.Db;
        var taking = await DeskTransaction.BeginAsync(db, [item], cancellationToken);
        var answers = await db.LabelingJudgements.AsNoTracking().Where(j => j.Item == item && j.UndoneAt == null).ToListAsync(cancellationToken);
        if (answers.Find(j => j.Adjudicated) is { } decided)
        {
            if (decided.Labeler == adjudicator && decided.Choice == choice.Text()) return;
            throw new InvalidOperationException($"{decided.Labeler} has decided this question already ({decided.Choice}).");
        }
        if (answers.Any(j => j.Labeler == adjudicator)) throw new ArgumentException($"{adjudicator} is one of those who judged this question; expected somebody else to decide it.");
        var line = new JudgementLine(item, adjudicator, choice) { Kind = LabelerKind.Person, ShownFirst = Side.A };
        var key = $"adjudication/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{item}\n{adjudicator}")))}";
        var receipt = taking.Add([new DeskAnswer(key, line) { Comment = comment }], _time.GetUtcNow(), adjudicates: true);
        if (receipt.Taken == 0) throw new InvalidOperationException("This question waits for no decision: labelers agree by now, or nobody waits for it any more.");
        await db.SaveChangesAsync(cancellationToken);
        await taking.CloseAsync(_time.GetUtcNow(), cancellationToken);
        await write.CommitAsync(cancellationToken);
        _pulse.Fire();
    }
}
