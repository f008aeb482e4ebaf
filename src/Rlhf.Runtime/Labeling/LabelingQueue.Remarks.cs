using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <content>Skips, flags, and guidelines that were read.</content>
public sealed partial class LabelingQueue
{
    /// <summary>Keeps a remark, once for its key. A skip lets go of the question for good; skipping what was answered meanwhile changes nothing else.</summary>
    /// <exception cref="ArgumentException">The question was never this labeler's.</exception>
    public async Task RemarkAsync(string labeler, LabelerRemark remark, CancellationToken cancellationToken)
    {
        await using var write = await _database.WriteAsync(cancellationToken);
        var db = write.Db;
        var key = StoredKey(remark.Key, labeler);
        if (await db.LabelingRemarks.AnyAsync(r => r.Key == key, cancellationToken)) return;
        var assignment = await AssignmentAsync(db, labeler, remark.Item, cancellationToken);
        db.LabelingRemarks.Add(new()
        {
            Key = key,
            Item = remark.Item,
            Labeler = labeler,
            Kind = remark.Kind.ToString(),
            Section = remark.Section,
            Text = remark.Text,
            Guidelines = remark.Guidelines,
            ReceivedAt = _time.GetUtcNow(),
        });
        if (remark.Kind == RemarkKind.Skip) assignment.Skipped = true;
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            await write.CommitAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (Database.IsDuplicate(e))
        {
            // Sent twice at the same moment; the other one is kept.
        }
    }

    /// <summary>Keeps the text of guidelines under its version.</summary>
    public async Task UseAsync(GuidelinesVersion guidelines, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        if (await db.LabelingGuidelines.AnyAsync(g => g.Axis == guidelines.Axis && g.Version == guidelines.Version, cancellationToken)) return;
        db.LabelingGuidelines.Add(new() { Axis = guidelines.Axis, Version = guidelines.Version, Content = guidelines.Content, FirstUsedAt = _time.GetUtcNow() });
        await OnceAsync(db, cancellationToken);
    }

    /// <summary>The labeler has read this version.</summary>
    public async Task AcknowledgeAsync(string labeler, string axis, string version, CancellationToken cancellationToken)
    {
        if (await HasAcknowledgedAsync(labeler, axis, version, cancellationToken)) return;
        await using var db = _database.Connect();
        db.LabelingAcknowledgements.Add(new() { Labeler = labeler, Axis = axis, Version = version, AcknowledgedAt = _time.GetUtcNow() });
        await OnceAsync(db, cancellationToken);
    }

    /// <summary>True where the labeler has read this version.</summary>
    public async Task<bool> HasAcknowledgedAsync(string labeler, string axis, string version, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await db.LabelingAcknowledgements.AnyAsync(a => a.Labeler == labeler && a.Axis == axis && a.Version == version, cancellationToken);
    }

    static async Task OnceAsync(RuntimeDbContext db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (Database.IsDuplicate(e))
        {
            // Another request was first with the same row.
        }
    }
}
