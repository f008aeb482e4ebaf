using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Store;

/// <summary>A version of a definition as it is stored.</summary>
internal sealed record StoredDefinition(string DefinitionId, int Version, string Json, string Source, bool Published);

/// <content>Definitions: a published version never changes; a draft, of which there is at most one and the newest, does.</content>
internal sealed partial class WorkflowStore
{
    /// <summary>
    /// The version of this definition: the newest published one where its meaning is the same, otherwise a new one, or the draft where it has
    /// that meaning, published now. A draft of another meaning stays. The schedules follow in the same transaction.
    /// </summary>
    public async Task<int> PublishAsync(WorkflowDefinition definition, string json, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hash = DefinitionMeaning.Hash(json, definition.Source);
        for (var attempt = 1; ; attempt++)
        {
            await using var db = Connect();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var newest = await NewestAsync(db, definition.DefinitionId, cancellationToken);
            var published = newest is { Published: true } ? newest : await db.Definitions.Where(d => d.DefinitionId == definition.DefinitionId && d.Published)
                .OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);
            if (published?.Hash == hash) return published.Version;
            var row = newest is { Published: false } && newest.Hash == hash ? newest : AddVersion(db, definition, newest, json, hash, now);
            (row.Hash, row.Name, row.Json, row.Source, row.Published) = (hash, definition.Name, json, Path.GetFileName(definition.Source), true);
            await SyncSchedulesAsync(db, definition, now, cancellationToken);
            try
            {
                await db.SaveChangesAsync(cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return row.Version;
            }
            catch (DbUpdateException e) when (Database.IsDuplicate(e) && attempt < 10)
            {
                // Another process published at the same moment: see what it made.
            }
        }
    }

    /// <summary>Keeps a draft: the one there is changes, a published version gets a draft after it. Returns its version.</summary>
    public async Task<int> SaveDraftAsync(WorkflowDefinition definition, string json, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hash = DefinitionMeaning.Hash(json, definition.Source);
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var newest = await NewestAsync(db, definition.DefinitionId, cancellationToken);
        var row = newest is { Published: false } ? newest : AddVersion(db, definition, newest, json, hash, now);
        (row.Hash, row.Name, row.Json, row.Source) = (hash, definition.Name, json, Path.GetFileName(definition.Source));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.Version;
    }

    /// <summary>The newest published version, or null.</summary>
    public async Task<StoredDefinition?> FindPublishedAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var row = await db.Definitions.AsNoTracking().Where(d => d.DefinitionId == definitionId && d.Published)
            .OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);
        return row is null ? null : new(row.DefinitionId, row.Version, row.Json, row.Source, row.Published);
    }

    /// <summary>Every version of a definition, the newest first.</summary>
    public async Task<IReadOnlyList<StoredDefinition>> VersionsAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Definitions.AsNoTracking().Where(d => d.DefinitionId == definitionId).OrderByDescending(d => d.Version).ToListAsync(cancellationToken);
        return [.. rows.Select(d => new StoredDefinition(d.DefinitionId, d.Version, d.Json, d.Source, d.Published))];
    }

    static Task<DefinitionRow?> NewestAsync(RuntimeDbContext db, string definitionId, CancellationToken cancellationToken) =>
        db.Definitions.Where(d => d.DefinitionId == definitionId).OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);

    static DefinitionRow AddVersion(
        RuntimeDbContext db, WorkflowDefinition definition, DefinitionRow? newest, string json, string hash, DateTimeOffset now)
    {
        var row = new DefinitionRow
        {
            DefinitionId = definition.DefinitionId,
            Version = (newest?.Version ?? 0) + 1,
            Hash = hash,
            Name = definition.Name,
            Json = json,
            Source = Path.GetFileName(definition.Source),
            CreatedAt = now,
            Published = false,
        };
        db.Definitions.Add(row);
        return row;
    }
}
