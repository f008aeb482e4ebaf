using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>Answers on their way into the database, in a transaction that the caller begins and commits.</summary>
internal sealed class DeskTransaction
{
    readonly RuntimeDbContext _db;
    readonly IReadOnlyDictionary<string, LabelingRequestRow> _requests;
    readonly IReadOnlyDictionary<string, LabelingQuestionRow> _questions;
    readonly HashSet<string> _keys;
    readonly HashSet<(string Item, string Labeler)> _judged;
    readonly Dictionary<string, Dictionary<int, Side>> _filled;

    DeskTransaction(
        RuntimeDbContext db, IReadOnlyDictionary<string, LabelingRequestRow> requests, IReadOnlyDictionary<string, LabelingQuestionRow> questions, IReadOnlyList<Known> known)
    {
        (_db, _requests, _questions) = (db, requests, questions);
        _keys = [.. known.Select(k => k.Key)];
        _judged = [.. known.Where(k => !k.IsUndone).Select(k => (k.Item, k.Labeler))];
        _filled = questions.Keys.ToDictionary(q => q, _ => new Dictionary<int, Side>());
        foreach (var k in known) if (k.Place is { } place) _filled[k.Item][place] = Choices.Parse(k.Choice)!.Value.Side();
    }

    sealed record Known(string Key, string Item, string Labeler, string Choice, int? Place, bool IsUndone);

    /// <summary>Keeps every other writer out of the requests that the items belong to, and reads what they have.</summary>
    public static async Task<DeskTransaction> BeginAsync(RuntimeDbContext db, IReadOnlyCollection<string> items, CancellationToken cancellationToken)
    {
        var ids = await db.LabelingQuestions.Where(q => items.Contains(q.Item)).Select(q => q.RequestId).Distinct().ToListAsync(cancellationToken);
        await LockAsync(db, ids, cancellationToken);
        var requests = await db.LabelingRequests.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancellationToken);
        var questions = await db.LabelingQuestions.Where(q => items.Contains(q.Item)).ToDictionaryAsync(q => q.Item, cancellationToken);
        var known = await db.LabelingJudgements.Where(j => items.Contains(j.Item))
            .Select(j => new Known(j.Key, j.Item, j.Labeler, j.Choice, j.Place, j.UndoneAt != null)).ToListAsync(cancellationToken);
        return new(db, requests, questions, known);
    }

    /// <summary>Keeps every other writer out of these requests until the transaction ends.</summary>
    public static async Task LockAsync(RuntimeDbContext db, IEnumerable<string> requests, CancellationToken cancellationToken)
    {
        // PostgreSQL's transactions see one another's rows only when they are committed. A row that is written is locked until then; in one order, so
        // that no two wait for each other.
        foreach (var id in requests.Order(StringComparer.Ordinal))
            await db.LabelingRequests.Where(r => r.Id == id).ExecuteUpdateAsync(set => set.SetProperty(r => r.ClosedAt, r => r.ClosedAt), cancellationToken);
    }

    /// <exception cref="ArgumentException">An item is not on the desk.</exception>
    public DeskReceipt Add(IReadOnlyList<DeskAnswer> answers, DateTimeOffset now, bool adjudicates = false)
    {
        var receipt = new DeskReceipt(0, 0, 0, 0);
        foreach (var answer in answers)
        {
            var judgement = answer.Judgement;
            if (!_questions.TryGetValue(judgement.Item, out var question)) throw new ArgumentException($"Item '{judgement.Item}' is not on this store's desk.");
            if (!_keys.Add(answer.Key))
            {
                receipt = receipt with { Repeated = receipt.Repeated + 1 };
                continue;
            }
            var isFirst = _judged.Add((judgement.Item, judgement.Labeler)) || adjudicates;
            // A request that was closed early has empty places that nobody fills any more.
            var fills = isFirst && question.Missing > 0 && question.ForAdjudicator == adjudicates && _requests[question.RequestId].ClosedAt is null;
            receipt = fills ? receipt with { Taken = receipt.Taken + 1 }
                : isFirst ? receipt with { Surplus = receipt.Surplus + 1 }
                : receipt with { SelfRepeated = receipt.SelfRepeated + 1 };
            _db.LabelingJudgements.Add(RowOf(answer, fills ? Fill(question, judgement.Choice.Side()) : null, fills && adjudicates, now));
        }
        return receipt;
    }

    /// <summary>True where an answer that filled no place was asked for all the same: the right one is known, or the question came again on purpose.</summary>
    public bool IsCheck(string item, bool isRepeated) => _questions[item].Gold is not null || (isRepeated && _requests[_questions[item].RequestId].RepeatShare > 0);

    /// <summary>Takes the lowest place that is free (an answer that was taken back leaves a gap), and makes another one where the answers are disputed.</summary>
    int Fill(LabelingQuestionRow question, Side side)
    {
        var filled = _filled[question.Item];
        var place = Enumerable.Range(1, question.Places).First(p => !filled.ContainsKey(p));
        filled[place] = side;
        question.Missing--;
        var request = _requests[question.RequestId];
        if (question.Missing == 0 && !question.ForAdjudicator && request.ClosedAt is null && Care.IsDisputed(filled.Values)) Extend(question, request);
        return place;
    }

    static void Extend(LabelingQuestionRow question, LabelingRequestRow request)
    {
        var isExhausted = question.Places >= request.MostPerQuestion;
        if (isExhausted && !request.Adjudicates) return;
        question.ForAdjudicator = isExhausted;
        question.Places++;
        question.Missing++;
    }

    /// <summary>Empties a place again. Answers come one by one, so a question has what is asked for, or one place more than are filled.</summary>
    public static void Empty(LabelingQuestionRow question, LabelingRequestRow request)
    {
        var filled = question.Places - question.Missing - 1;
        question.Places = Math.Max(request.JudgementsPerQuestion, filled + 1);
        question.Missing = question.Places - filled;
        question.ForAdjudicator = request.Adjudicates && filled >= request.MostPerQuestion;
    }

    /// <summary>Closes the requests that have no empty place left, and sends each instance that waits for one the event that wakes it.</summary>
    public async Task CloseAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var request in _requests.Values.Where(r => r.ClosedAt is null))
        {
            if (await _db.LabelingQuestions.AnyAsync(q => q.RequestId == request.Id && q.Missing > 0, cancellationToken)) continue;
            await _db.LabelingRequests.Where(r => r.Id == request.Id).ExecuteUpdateAsync(set => set.SetProperty(r => r.ClosedAt, now), cancellationToken);
            // Kept until the instance waits for it: the step may be just about to say that it waits.
            if (await _db.Instances.AnyAsync(i => i.Id == request.InstanceId, cancellationToken))
                _db.Messages.Add(Messages.Of(MessageKind.Event, request.InstanceId, new EventMessage(DeskLabeler.EventOf(request.Id), (JsonNode?)null, Kept: true), now));
        }
        await _db.SaveChangesAsync(cancellationToken);
    }

    static LabelingJudgementRow RowOf(DeskAnswer answer, int? place, bool adjudicated, DateTimeOffset now) => new()
    {
        Key = answer.Key,
        Item = answer.Judgement.Item,
        Labeler = answer.Judgement.Labeler,
        LabelerKind = answer.Judgement.Kind.ToString(),
        Choice = Choices.Text(answer.Judgement.Choice),
        Seconds = answer.Judgement.Seconds,
        ShownFirst = answer.Judgement.ShownFirst?.ToString(),
        Guidelines = answer.Judgement.Guidelines,
        AnsweredAt = answer.Judgement.At,
        ReceivedAt = now,
        Place = place,
        Comment = answer.Comment,
        Adjudicated = adjudicated,
        SafeA = answer.Judgement.SafeA?.Text(),
        SafeB = answer.Judgement.SafeB?.Text(),
    };
}
