using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>Answers on their way into the database, in a transaction that the caller begins and commits.</summary>
internal sealed class DeskTransaction
{
    readonly RuntimeDbContext _db;
    readonly IReadOnlyList<LabelingRequestRow> _requests;
    readonly Dictionary<string, int> _places;
    readonly HashSet<string> _keys;
    readonly HashSet<(string Item, string Labeler)> _judged;
    readonly Dictionary<string, HashSet<int>> _filled;

    DeskTransaction(
        RuntimeDbContext db, IReadOnlyList<LabelingRequestRow> requests, Dictionary<string, int> places, IReadOnlyList<Known> known)
    {
        (_db, _requests, _places) = (db, requests, places);
        _keys = [.. known.Select(k => k.Key)];
        _judged = [.. known.Where(k => !k.IsUndone).Select(k => (k.Item, k.Labeler))];
        _filled = known.Where(k => k.Place is not null).GroupBy(k => k.Item).ToDictionary(g => g.Key, g => g.Select(k => k.Place!.Value).ToHashSet());
    }

    sealed record Known(string Key, string Item, string Labeler, int? Place, bool IsUndone);

    /// <summary>Keeps every other writer out of the requests that the items belong to, and reads what they have.</summary>
    public static async Task<DeskTransaction> BeginAsync(RuntimeDbContext db, IReadOnlyCollection<string> items, CancellationToken cancellationToken)
    {
        var ids = await db.LabelingQuestions.Where(q => items.Contains(q.Item)).Select(q => q.RequestId).Distinct().ToListAsync(cancellationToken);
        await LockAsync(db, ids, cancellationToken);
        var requests = await db.LabelingRequests.AsNoTracking().Where(r => ids.Contains(r.Id)).ToListAsync(cancellationToken);
        var places = await (
            from q in db.LabelingQuestions
            join r in db.LabelingRequests on q.RequestId equals r.Id
            where items.Contains(q.Item)
            select new { q.Item, r.JudgementsPerQuestion }).ToDictionaryAsync(p => p.Item, p => p.JudgementsPerQuestion, cancellationToken);
        var known = await db.LabelingJudgements.Where(j => items.Contains(j.Item))
            .Select(j => new Known(j.Key, j.Item, j.Labeler, j.Place, j.UndoneAt != null)).ToListAsync(cancellationToken);
        return new(db, requests, places, known);
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
    public DeskReceipt Add(IReadOnlyList<DeskAnswer> answers, DateTimeOffset now)
    {
        var receipt = new DeskReceipt(0, 0, 0, 0);
        foreach (var answer in answers)
        {
            var judgement = answer.Judgement;
            if (!_places.TryGetValue(judgement.Item, out var places)) throw new ArgumentException($"Item '{judgement.Item}' is not on this store's desk.");
            if (!_keys.Add(answer.Key))
            {
                receipt = receipt with { Repeated = receipt.Repeated + 1 };
                continue;
            }
            if (!_filled.TryGetValue(judgement.Item, out var filled)) _filled[judgement.Item] = filled = [];
            var isFirst = _judged.Add((judgement.Item, judgement.Labeler));
            var fills = isFirst && filled.Count < places;
            // The lowest that is free: an answer that was taken back leaves a gap.
            int? place = fills ? Enumerable.Range(1, places).First(p => !filled.Contains(p)) : null;
            if (place is { } taken) filled.Add(taken);
            receipt = fills ? receipt with { Taken = receipt.Taken + 1 }
                : isFirst ? receipt with { Surplus = receipt.Surplus + 1 }
                : receipt with { SelfRepeated = receipt.SelfRepeated + 1 };
            _db.LabelingJudgements.Add(RowOf(answer, place, now));
        }
        return receipt;
    }

    /// <summary>Closes the requests that have no empty place left, and sends each instance that waits for one the event that wakes it.</summary>
    public async Task CloseAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var request in _requests.Where(r => r.ClosedAt is null))
        {
            if (await _db.LabelingQuestions.AnyAsync(
                    q => q.RequestId == request.Id && _db.LabelingJudgements.Count(j => j.Item == q.Item && j.Place != null) < request.JudgementsPerQuestion,
                    cancellationToken)) continue;
            await _db.LabelingRequests.Where(r => r.Id == request.Id).ExecuteUpdateAsync(set => set.SetProperty(r => r.ClosedAt, now), cancellationToken);
            // Kept until the instance waits for it: the step may be just about to say that it waits.
            if (await _db.Instances.AnyAsync(i => i.Id == request.InstanceId, cancellationToken))
                _db.Messages.Add(Messages.Of(MessageKind.Event, request.InstanceId, new EventMessage(DeskLabeler.EventOf(request.Id), (JsonNode?)null, Kept: true), now));
        }
        await _db.SaveChangesAsync(cancellationToken);
    }

    static LabelingJudgementRow RowOf(DeskAnswer answer, int? place, DateTimeOffset now) => new()
    {
        Key = answer.Key,
        Item = answer.Judgement.Item,
        Labeler = answer.Judgement.Labeler,
        LabelerKind = answer.Judgement.Kind.ToString(),
        Choice = Steps.Data.Choices.Text(answer.Judgement.Choice),
        Seconds = answer.Judgement.Seconds,
        ShownFirst = answer.Judgement.ShownFirst?.ToString(),
        Guidelines = answer.Judgement.Guidelines,
        AnsweredAt = answer.Judgement.At,
        ReceivedAt = now,
        Place = place,
        Comment = answer.Comment,
    };
}
