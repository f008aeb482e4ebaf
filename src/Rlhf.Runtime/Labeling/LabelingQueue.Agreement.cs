using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;

namespace Rlhf.Runtime.Labeling;

/// <content>How far labelers say the same, by axis and by version of the guidelines.</content>
public sealed partial class LabelingQueue
{
    // So many of the newest judgements that count; older ones say little of today.
    const int Newest = 5000;

    static async Task<IReadOnlyList<AxisAgreement>> AgreementAsync(RuntimeDbContext db, CancellationToken cancellationToken)
    {
        var newest = await (
            from j in Counting(db)
            join q in db.LabelingQuestions on j.Item equals q.Item
            orderby j.Number descending
            select new { q.Axis, j.Item, j.Choice }).Take(Newest).ToListAsync(cancellationToken);
        return
        [
            .. newest.GroupBy(j => j.Axis).OrderBy(g => g.Key, StringComparer.Ordinal).Select(axis =>
            {
                var (pairs, same) = Pairs(axis.Select(j => (j.Item, j.Choice)));
                return new AxisAgreement(axis.Key, pairs, same);
            }),
        ];
    }

    /// <summary>Only judgements under the same version are compared, so that a version that is hard to follow shows.</summary>
    static async Task<IReadOnlyList<VersionAgreement>> AgreementByVersionAsync(RuntimeDbContext db, CancellationToken cancellationToken)
    {
        var versions = await (
            from j in Counting(db)
            join q in db.LabelingQuestions on j.Item equals q.Item
            where j.Guidelines != null
            group j by new { q.Axis, j.Guidelines } into g
            select new { g.Key.Axis, Version = g.Key.Guidelines!, First = g.Min(j => j.Number), FirstUsed = g.Min(j => j.ReceivedAt), Judgements = g.Count() }).ToListAsync(cancellationToken);
        var agreement = new List<VersionAgreement>();
        foreach (var version in versions.OrderBy(v => v.Axis, StringComparer.Ordinal).ThenBy(v => v.First))
        {
            var newest = await (
                from j in Counting(db)
                join q in db.LabelingQuestions on j.Item equals q.Item
                where q.Axis == version.Axis && j.Guidelines == version.Version
                orderby j.Number descending
                select new { j.Item, j.Choice }).Take(Newest).ToListAsync(cancellationToken);
            var (pairs, same) = Pairs(newest.Select(j => (j.Item, j.Choice)));
            agreement.Add(new(version.Axis, version.Version, version.FirstUsed, version.Judgements, pairs, same));
        }
        return agreement;
    }

    static IQueryable<LabelingJudgementRow> Counting(RuntimeDbContext db) => db.LabelingJudgements.AsNoTracking().Where(j => j.Place != null && !j.Adjudicated);

    static (int Pairs, int Same) Pairs(IEnumerable<(string Item, string Choice)> judgements)
    {
        var same = judgements.GroupBy(j => j.Item).Select(g => g.Select(j => Choices.Parse(j.Choice)!.Value.Side()).ToList())
            .SelectMany(sides => sides.Index().SelectMany(s => sides.Skip(s.Index + 1).Select(other => other == s.Item))).ToList();
        return (same.Count, same.Count(s => s));
    }
}
