using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <content>Questions that say something of the labeler: those whose answer is known, and those that were answered before.</content>
public sealed partial class LabelingQueue
{
    // So many answers must lie between a question and its repetition: nobody should remember it.
    const int Between = 10;

    /// <summary>Makes exactly these the questions with a known answer of the axes that they name; answers to earlier ones count as checks no longer.</summary>
    /// <returns>How many there are by now on these axes.</returns>
    /// <exception cref="ArgumentException">The same question has two answers.</exception>
    public async Task<int> SetGoldAsync(IReadOnlyList<(Question Question, Choice Answer)> gold, CancellationToken cancellationToken)
    {
        if (gold.GroupBy(g => LabelingDesk.ContentOf(g.Question with { Id = "" })).FirstOrDefault(g => g.DistinctBy(x => x.Answer).Skip(1).Any()) is { } several)
            throw new ArgumentException($"Items {string.Join(" and ", several.Select(g => $"'{g.Question.Id}'"))} are the same question with different answers; expected one known answer of each.");
        await using var write = await _database.WriteAsync(cancellationToken);
        var db = write.Db;
        var now = _time.GetUtcNow();
        var axes = gold.Select(g => g.Question.Axis).Distinct().ToList();
        foreach (var row in await db.LabelingQuestions.Where(q => q.Gold != null && axes.Contains(q.Axis)).ToListAsync(cancellationToken)) row.Gold = null;
        foreach (var axis in axes)
        {
            var request = $"gold-{axis}";
            // Closed from the beginning: nobody waits for these answers.
            if (!await db.LabelingRequests.AnyAsync(r => r.Id == request, cancellationToken))
                db.LabelingRequests.Add(new() { Id = request, InstanceId = "", JudgementsPerQuestion = 0, MostPerQuestion = 0, AskedAt = now, ClosedAt = now });
            var known = await db.LabelingQuestions.Where(q => q.RequestId == request).ToDictionaryAsync(q => q.Item, cancellationToken);
            var position = known.Count;
            foreach (var (question, answer) in gold.Where(g => g.Question.Axis == axis))
            {
                var content = LabelingDesk.ContentOf(question with { Id = "" });
                var item = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..24];
                if (!known.TryGetValue(item, out var row))
                {
                    known[item] = row = new() { Item = item, RequestId = request, Position = position++, Axis = axis, Content = content, Places = 0, Missing = 0 };
                    db.LabelingQuestions.Add(row);
                }
                row.Gold = answer.Text();
            }
        }
        await db.SaveChangesAsync(cancellationToken);
        await write.CommitAsync(cancellationToken);
        return gold.Select(g => LabelingDesk.ContentOf(g.Question with { Id = "" })).Distinct().Count();
    }

    /// <summary>What the checks say of each labeler who was checked.</summary>
    public async Task<IReadOnlyList<LabelerChecks>> ChecksAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var gold = await (
            from q in db.LabelingQuestions
            join j in db.LabelingJudgements on q.Item equals j.Item
            where q.Gold != null && j.UndoneAt == null
            orderby j.Number
            select new { j.Labeler, j.Item, j.Choice, q.Gold }).ToListAsync(cancellationToken);
        var repeated = await (
            from j in db.LabelingJudgements
            where j.UndoneAt == null && db.LabelingJudgements.Any(o => o.Item == j.Item && o.Labeler == j.Labeler && o.UndoneAt == null && o.Number != j.Number)
            orderby j.Number
            select new { j.Labeler, j.Item, j.Choice }).ToListAsync(cancellationToken);
        static Side SideOf(string choice) => Choices.Parse(choice)!.Value.Side();
        // The first answer counts, as everywhere.
        var first = gold.DistinctBy(g => (g.Labeler, g.Item)).ToLookup(g => g.Labeler, g => SideOf(g.Choice) == SideOf(g.Gold!));
        var same = repeated.GroupBy(j => (j.Labeler, j.Item)).ToLookup(g => g.Key.Labeler, g => g.Select(j => SideOf(j.Choice)).Distinct().Count() == 1);
        return
        [
            .. first.Select(g => g.Key).Union(same.Select(s => s.Key)).Order(StringComparer.Ordinal).Select(labeler => new LabelerChecks(
                labeler, first[labeler].Count(), first[labeler].Count(right => right), same[labeler].Count(), same[labeler].Count(again => again))),
        ];
    }

    /// <summary>Puts checks in the places of some of the questions, by draws that follow from the labeler and how much it was given before.</summary>
    static async Task CheckAsync(
        RuntimeDbContext db, LabelingRequestRow request, string labeler, List<LabelingQuestionRow> questions, CancellationToken cancellationToken)
    {
        var given = await db.LabelingAssignments.CountAsync(a => a.Labeler == labeler, cancellationToken)
            + await db.LabelingJudgements.CountAsync(j => j.Labeler == labeler && j.Place == null, cancellationToken);
        var used = new List<string>();
        for (var i = 0; i < questions.Count; i++)
        {
            var draw = Draw(labeler, given + i);
            var axis = questions[i].Axis;
            var check = draw < request.GoldShare ? await GoldAsync(db, labeler, axis, used, cancellationToken)
                : draw < request.GoldShare + request.RepeatShare ? await AnsweredAsync(db, request.Id, labeler, axis, used, cancellationToken)
                : null;
            if (check is null) continue;
            used.Add(check.Item);
            questions[i] = check;
        }
    }

    static Task<LabelingQuestionRow?> GoldAsync(RuntimeDbContext db, string labeler, string axis, List<string> used, CancellationToken cancellationToken) =>
        db.LabelingQuestions.AsNoTracking()
            .Where(q => q.Gold != null && q.Axis == axis && !used.Contains(q.Item) && !db.LabelingAssignments.Any(a => a.Item == q.Item && a.Labeler == labeler))
            .OrderBy(q => q.Item).FirstOrDefaultAsync(cancellationToken);

    static async Task<LabelingQuestionRow?> AnsweredAsync(
        RuntimeDbContext db, string request, string labeler, string axis, List<string> used, CancellationToken cancellationToken)
    {
        var answers = db.LabelingJudgements.Where(j => j.Labeler == labeler && j.UndoneAt == null);
        if (await answers.OrderByDescending(j => j.Number).Skip(Between - 1).Select(j => (long?)j.Number).FirstOrDefaultAsync(cancellationToken) is not { } latest) return null;
        return await (
            from j in answers
            join q in db.LabelingQuestions.AsNoTracking() on j.Item equals q.Item
            where j.Number < latest && q.RequestId == request && q.Axis == axis && !used.Contains(q.Item)
                && db.LabelingAssignments.Any(a => a.Item == q.Item && a.Labeler == labeler)
                && !db.LabelingJudgements.Any(o => o.Item == j.Item && o.Labeler == labeler && o.UndoneAt == null && o.Number != j.Number)
            orderby j.Number
            select q).FirstOrDefaultAsync(cancellationToken);
    }

    static double Draw(string labeler, int number) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{labeler}\n{number}"))) / (double)ulong.MaxValue;
}
