using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>The desk in the store's database: any process may put questions and take answers, with or without one that drives.</summary>
internal sealed class LabelingDesk(Database database, TimeProvider time, Pulse pulse) : ILabelingDesk
{
    public async Task PutAsync(LabelingRequest request, CancellationToken cancellationToken)
    {
        if (await HasAsync(request.Id, cancellationToken)) return;
        try
        {
            await using var write = await database.WriteAsync(cancellationToken);
            var db = write.Db;
            db.LabelingRequests.Add(new()
            {
                Id = request.Id,
                InstanceId = request.Instance,
                JudgementsPerQuestion = request.JudgementsPerQuestion,
                MostPerQuestion = Math.Max(request.JudgementsPerQuestion, request.Care.MostJudgements),
                Adjudicates = request.Care.Adjudicate,
                GoldShare = request.Care.GoldShare,
                RepeatShare = request.Care.RepeatShare,
                AskedAt = time.GetUtcNow(),
            });
            db.LabelingQuestions.AddRange(request.Questions.Select((question, i) => new LabelingQuestionRow
            {
                Item = ItemOf(request.Id, question.Id),
                RequestId = request.Id,
                Position = i,
                Axis = question.Axis,
                Content = ContentOf(question),
                Places = request.JudgementsPerQuestion,
                Missing = request.JudgementsPerQuestion,
            }));
            await db.SaveChangesAsync(cancellationToken);
            await write.CommitAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (Database.IsDuplicate(e))
        {
            // A worker that was taken over may have put them at the same moment.
            if (!await HasAsync(request.Id, cancellationToken)) throw;
        }
    }

    public async Task CloseAsync(string request, CancellationToken cancellationToken)
    {
        await using var write = await database.WriteAsync(cancellationToken);
        var now = time.GetUtcNow();
        // The row is what writers of answers lock: each of them comes before this or after it.
        var known = await write.Db.LabelingRequests.Where(r => r.Id == request)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.ClosedAt, r => r.ClosedAt ?? now), cancellationToken);
        if (known == 0) throw new ArgumentException($"There is no request '{request}' on this store's desk.");
        await write.CommitAsync(cancellationToken);
        pulse.Fire();
    }

    public async Task<int> MissingAsync(string request, CancellationToken cancellationToken)
    {
        await using var db = database.Connect();
        await CheckAsync(db, request, cancellationToken);
        return await db.LabelingQuestions.Where(q => q.RequestId == request && q.Missing > 0).SumAsync(q => q.Missing, cancellationToken);
    }

    public async Task<DeskProgress> ProgressAsync(string request, CancellationToken cancellationToken)
    {
        await using var db = database.Connect();
        await CheckAsync(db, request, cancellationToken);
        var questions = await db.LabelingQuestions.AsNoTracking().Where(q => q.RequestId == request).OrderBy(q => q.Position).ToListAsync(cancellationToken);
        var judgements = (await (
            from j in db.LabelingJudgements.AsNoTracking()
            join q in db.LabelingQuestions on j.Item equals q.Item
            where q.RequestId == request && j.Place != null
            orderby j.Place
            select j).ToListAsync(cancellationToken)).ToLookup(j => j.Item);
        return new(
            [.. questions.SelectMany(q => judgements[q.Item].Select(j => JudgementOf(QuestionOf(q).Id, j)))],
            questions.Sum(q => q.Missing));
    }

    static async Task CheckAsync(RuntimeDbContext db, string request, CancellationToken cancellationToken)
    {
        if (!await db.LabelingRequests.AnyAsync(r => r.Id == request, cancellationToken)) throw new ArgumentException($"There is no request '{request}' on this store's desk.");
    }

    public async Task<IReadOnlyList<DeskQuestion>> OpenAsync(string? labeler, CancellationToken cancellationToken)
    {
        await using var db = database.Connect();
        var open =
            from q in db.LabelingQuestions.AsNoTracking()
            join r in db.LabelingRequests on q.RequestId equals r.Id
            where r.ClosedAt == null && q.Missing > 0 && !q.ForAdjudicator
                // Nobody waits for the answers any more.
                && !db.Instances.Any(i => i.Id == r.InstanceId && (i.Status == nameof(WorkflowStatus.Cancelled) || i.Status == nameof(WorkflowStatus.Finished)))
            select new { Question = q, r.AskedAt };
        if (labeler is not null) open = open.Where(o => !db.LabelingJudgements.Any(j => j.Item == o.Question.Item && j.Labeler == labeler && j.UndoneAt == null));
        var rows = await open.OrderBy(o => o.AskedAt).ThenBy(o => o.Question.RequestId).ThenBy(o => o.Question.Position).Select(o => o.Question)
            .ToListAsync(cancellationToken);
        return [.. rows.Select(q => new DeskQuestion(q.Item, QuestionOf(q)))];
    }

    public async Task<IReadOnlyDictionary<string, DeskQuestion>> FindAsync(IReadOnlyCollection<string> items, CancellationToken cancellationToken)
    {
        await using var db = database.Connect();
        var rows = await db.LabelingQuestions.AsNoTracking().Where(q => items.Contains(q.Item)).ToListAsync(cancellationToken);
        return rows.ToDictionary(q => q.Item, q => new DeskQuestion(q.Item, QuestionOf(q)));
    }

    public async Task<DeskReceipt> TakeAsync(IReadOnlyList<DeskAnswer> answers, CancellationToken cancellationToken)
    {
        await using var write = await database.WriteAsync(cancellationToken);
        var db = write.Db;
        var taking = await DeskTransaction.BeginAsync(db, [.. answers.Select(a => a.Judgement.Item).Distinct()], cancellationToken);
        var receipt = taking.Add(answers, time.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        await taking.CloseAsync(time.GetUtcNow(), cancellationToken);
        await write.CommitAsync(cancellationToken);
        pulse.Fire();
        return receipt;
    }

    // Two requests may ask the same question; the item names one of them, and tells nothing to who reads it.
    static string ItemOf(string request, string question) =>
        $"{question}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))[..12]}";

    async Task<bool> HasAsync(string request, CancellationToken cancellationToken)
    {
        await using var db = database.Connect();
        return await db.LabelingRequests.AnyAsync(r => r.Id == request, cancellationToken);
    }

    internal static string ContentOf(Question question) => Encoding.UTF8.GetString(CanonicalJson.Serialize(question));

    internal static Question QuestionOf(LabelingQuestionRow row) => CanonicalJson.Deserialize<Question>(Encoding.UTF8.GetBytes(row.Content), $"Question {row.Item} of the desk");

    static Judgement JudgementOf(string comparison, LabelingJudgementRow row)
    {
        var choice = Choices.Parse(row.Choice) ?? throw new InvalidDataException($"Judgement {row.Number} of the desk has the choice '{row.Choice}'; expected {string.Join(", ", Choices.All)}.");
        return Judgement.Of(comparison, row.Labeler, Enum.Parse<LabelerKind>(row.LabelerKind), choice, row.Seconds) with
        {
            ShownFirst = row.ShownFirst is { } side ? Enum.Parse<Side>(side) : null,
            Guidelines = row.Guidelines,
            Adjudicated = row.Adjudicated,
            SafeA = Safeties.Parse(row.SafeA),
            SafeB = Safeties.Parse(row.SafeB),
        };
    }
}
