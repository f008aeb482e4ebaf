using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Library;

namespace Rlhf.Runtime.Store;

/// <summary>A version of a definition as it is stored.</summary>
internal sealed record StoredDefinition(string DefinitionId, int Version, string Json, string Source)
{
    public required VersionState State { get; init; }

    public required int Revision { get; init; }

    public required string Hash { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether it stands, or stood, in a file.</summary>
    public bool WasPublished => State is VersionState.Published or VersionState.Retired;
}

/// <content>Definitions. Whoever changes the versions of one holds its lock, so that what was looked at is still so when it is changed.</content>
internal sealed partial class WorkflowStore
{
    /// <summary>
    /// The version of this definition: the newest one that was published where its meaning is the same, otherwise a new one, or the draft where
    /// it has that meaning, published now. A draft of another meaning stays. The schedules follow in the same transaction.
    /// </summary>
    /// <param name="republishes">False where a version of that meaning that was retracted stays so.</param>
    public async Task<int> PublishAsync(WorkflowDefinition definition, string json, DateTimeOffset now, CancellationToken cancellationToken, bool republishes = true)
    {
        var hash = DefinitionMeaning.Hash(json, definition.Source);
        await using var change = await ChangeAsync(definition.DefinitionId, cancellationToken);
        var newest = await NewestAsync(change.Db, definition.DefinitionId, cancellationToken);
        var published = await Versions(change.Db, definition.DefinitionId).Where(d => d.State == VersionState.Published || d.State == VersionState.Retired)
            .OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);
        if (published?.Hash == hash && (published.State == VersionState.Published || !republishes)) return published.Version;
        var row = published?.Hash == hash ? published
            : newest is { State: VersionState.Draft or VersionState.Pinned } && newest.Hash == hash ? newest
            : AddVersion(change.Db, definition.DefinitionId, newest, json, hash, now);
        await PublishAsync(change.Db, row, definition, json, now, cancellationToken);
        await change.CommitAsync(cancellationToken);
        return row.Version;
    }

    /// <summary>Makes a version the published one, with this text of the same meaning.</summary>
    static async Task PublishAsync(
        RuntimeDbContext db, DefinitionRow row, WorkflowDefinition definition, string json, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await Versions(db, row.DefinitionId).Where(d => d.State == VersionState.Published && d.Version != row.Version)
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.State, VersionState.Retired), cancellationToken);
        (row.Name, row.Json, row.Source, row.State) = (definition.Name, json, Path.GetFileName(definition.Source), VersionState.Published);
        await SyncSchedulesAsync(db, definition, now, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>The published version, or null.</summary>
    public Task<StoredDefinition?> FindPublishedAsync(string definitionId, CancellationToken cancellationToken) =>
        FindAsync(definitionId, VersionOptions.Published, cancellationToken);

    /// <summary>The one version that is meant, or null.</summary>
    public async Task<StoredDefinition?> FindAsync(string definitionId, VersionOptions options, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var versions = Versions(db, definitionId).AsNoTracking().Where(d => d.State != VersionState.Deleted);
        if (options.Kind == VersionKind.Number) versions = versions.Where(d => d.Version == options.Number);
        if (options.Kind == VersionKind.Published) versions = versions.Where(d => d.State == VersionState.Published);
        versions = options.Kind == VersionKind.LatestOrPublished
            ? versions.OrderByDescending(d => d.State == VersionState.Published).ThenByDescending(d => d.Version)
            : versions.OrderByDescending(d => d.Version);
        return await versions.FirstOrDefaultAsync(cancellationToken) switch
        {
            null => null,
            { State: not VersionState.Published } when options.Kind == VersionKind.LatestAndPublished => null,
            { State: VersionState.Published } when options.Kind == VersionKind.Draft => null,
            var row => Stored(row),
        };
    }

    /// <summary>Every version of a definition that is not deleted, the newest first.</summary>
    public async Task<IReadOnlyList<StoredDefinition>> VersionsAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await Versions(db, definitionId).AsNoTracking().Where(d => d.State != VersionState.Deleted).OrderByDescending(d => d.Version).ToListAsync(cancellationToken);
        return [.. rows.Select(Stored)];
    }

    /// <summary>Keeps a draft: the one there is changes, anything else gets a draft after it. Returns its version.</summary>
    public async Task<int> SaveDraftAsync(WorkflowDefinition definition, string json, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hash = DefinitionMeaning.Hash(json, definition.Source);
        await using var change = await ChangeAsync(definition.DefinitionId, cancellationToken);
        var newest = await NewestAsync(change.Db, definition.DefinitionId, cancellationToken);
        var row = newest is { State: VersionState.Draft } ? newest : AddVersion(change.Db, definition.DefinitionId, newest, json, hash, now);
        (row.Hash, row.Name, row.Json, row.Source) = (hash, definition.Name, json, Path.GetFileName(definition.Source));
        await change.Db.SaveChangesAsync(cancellationToken);
        await change.CommitAsync(cancellationToken);
        return row.Version;
    }

    /// <summary>Part of the transaction that starts an instance: from here on nothing changes this version.</summary>
    /// <exception cref="DefinitionChangedException">It has been changed or deleted since it was read.</exception>
    public static async Task PinAsync(RuntimeDbContext db, StoredDefinition version, CancellationToken cancellationToken)
    {
        var pinned = await Versions(db, version.DefinitionId)
            .Where(d => d.Version == version.Version && d.Revision == version.Revision && d.State != VersionState.Deleted)
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.State, d => d.State == VersionState.Draft ? VersionState.Pinned : d.State), cancellationToken);
        if (pinned == 0) throw new DefinitionChangedException($"Version {version.Version} of '{version.DefinitionId}' was changed by someone else.");
    }

    /// <summary>A transaction in which no one else changes the versions of this definition.</summary>
    async Task<WriteTransaction> ChangeAsync(string definitionId, CancellationToken cancellationToken)
    {
        var change = await database.WriteAsync(cancellationToken);
        try
        {
            // SQLite has one writer at a time anyway.
            if (database.IsPostgres) await change.Db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({definitionId}, 0))", cancellationToken);
            return change;
        }
        catch
        {
            await change.DisposeAsync();
            throw;
        }
    }

    static IQueryable<DefinitionRow> Versions(RuntimeDbContext db, string definitionId) => db.Definitions.Where(d => d.DefinitionId == definitionId);

    static Task<DefinitionRow?> NewestAsync(RuntimeDbContext db, string definitionId, CancellationToken cancellationToken) =>
        Versions(db, definitionId).OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);

    static DefinitionRow AddVersion(RuntimeDbContext db, string definitionId, DefinitionRow? newest, string json, string hash, DateTimeOffset now)
    {
        var row = new DefinitionRow
        {
            DefinitionId = definitionId,
            Version = (newest?.Version ?? 0) + 1,
            Hash = hash,
            Name = definitionId,
            Json = json,
            Source = "",
            CreatedAt = now,
        };
        db.Definitions.Add(row);
        return row;
    }

    static StoredDefinition Stored(DefinitionRow row) => new(row.DefinitionId, row.Version, row.Json, row.Source)
    {
        State = row.State,
        Revision = row.Revision,
        Hash = row.Hash,
        Name = row.Name,
        CreatedAt = row.CreatedAt,
    };
}

/// <summary>Someone else changed or deleted a version of a definition first.</summary>
internal sealed class DefinitionChangedException(string message) : Exception(message);
