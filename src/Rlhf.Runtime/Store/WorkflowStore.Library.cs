using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Store;

/// <summary>A version without its text.</summary>
internal sealed record IndexedVersion(string DefinitionId, int Version, VersionState State, int Revision, string Name, DateTimeOffset CreatedAt);

/// <summary>What a version is to hold: its text, the hash of its meaning, and its name.</summary>
internal sealed record VersionContent(string Json, string Hash, string Name);

/// <summary>A version that is to be published, and the definition that it is, with its text as it stands in the file.</summary>
internal sealed record Publication(WorkflowDefinition Definition, VersionContent Content, DateTimeOffset At)
{
    /// <summary>Writes or takes away the file, when everything else is stored and not yet committed.</summary>
    public Action? File { get; init; }
}

/// <content>
/// What the library changes. Each change says what it took for the newest version, and is refused by <see cref="DefinitionChangedException"/> where that is so no more.
/// </content>
internal sealed partial class WorkflowStore
{
    /// <summary>Every version, the newest of a definition first; those deleted too.</summary>
    public async Task<IReadOnlyList<IndexedVersion>> IndexAsync(string? definitionId, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = definitionId is null ? db.Definitions : Versions(db, definitionId);
        return await rows.OrderBy(d => d.DefinitionId).ThenByDescending(d => d.Version)
            .Select(d => new IndexedVersion(d.DefinitionId, d.Version, d.State, d.Revision, d.Name, d.CreatedAt)).ToListAsync(cancellationToken);
    }

    /// <summary>A version by its number, a deleted one too; null where there is none.</summary>
    public async Task<StoredDefinition?> ReadAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await Versions(db, definitionId).AsNoTracking().FirstOrDefaultAsync(d => d.Version == version, cancellationToken) is { } row ? Stored(row) : null;
    }

    /// <summary>The newest version that stands, or stood, in the file; null where none did.</summary>
    public async Task<StoredDefinition?> NewestPublishedAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var row = await Versions(db, definitionId).AsNoTracking().Where(d => d.State == VersionState.Published || d.State == VersionState.Retired)
            .OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);
        return row is null ? null : Stored(row);
    }

    /// <summary>True where any instance, open or not, is pinned to this version.</summary>
    public async Task<bool> IsPinnedAsync(string definitionId, int version, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Instances.AnyAsync(i => i.DefinitionId == definitionId && i.DefinitionVersion == version, cancellationToken);
    }

    /// <summary>Changes the newest version where it is a draft and <paramref name="asNew"/> is false, and adds one otherwise.</summary>
    public async Task<StoredDefinition> WriteDraftAsync(
        string definitionId, StoredDefinition? newest, VersionContent content, bool asNew, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var change = await ChangeAsync(definitionId, cancellationToken);
        var row = await SameAsync(change.Db, definitionId, newest, cancellationToken);
        if (row is { State: VersionState.Draft } && !asNew) row.Revision++;
        else row = AddVersion(change.Db, definitionId, await NewestAsync(change.Db, definitionId, cancellationToken), content.Json, content.Hash, now);
        (row.Json, row.Hash, row.Name) = (content.Json, content.Hash, content.Name);
        await change.Db.SaveChangesAsync(cancellationToken);
        await change.CommitAsync(cancellationToken);
        return Stored(row);
    }

    /// <summary>Publishes the newest version.</summary>
    public async Task<StoredDefinition> PublishNewestAsync(StoredDefinition newest, Publication publication, CancellationToken cancellationToken)
    {
        await using var change = await ChangeAsync(newest.DefinitionId, cancellationToken);
        var row = (await SameAsync(change.Db, newest.DefinitionId, newest, cancellationToken))!;
        row.Hash = publication.Content.Hash;
        await PublishAsync(change.Db, row, publication.Definition, publication.Content.Json, publication.At, cancellationToken);
        publication.File?.Invoke();
        await change.CommitAsync(cancellationToken);
        return Stored(row);
    }

    /// <summary>Publishes what stands in a file as a version after all others, where <paramref name="published"/> still is the newest that did.</summary>
    public async Task<StoredDefinition> PublishFileAsync(string definitionId, StoredDefinition? published, Publication publication, CancellationToken cancellationToken)
    {
        await using var change = await ChangeAsync(definitionId, cancellationToken);
        var now = await Versions(change.Db, definitionId).Where(d => d.State == VersionState.Published || d.State == VersionState.Retired)
            .MaxAsync(d => (int?)d.Version, cancellationToken);
        if (now != published?.Version) throw new DefinitionChangedException($"'{definitionId}' was published by someone else.");
        var row = AddVersion(
            change.Db, definitionId, await NewestAsync(change.Db, definitionId, cancellationToken), publication.Content.Json, publication.Content.Hash, publication.At);
        await PublishAsync(change.Db, row, publication.Definition, publication.Content.Json, publication.At, cancellationToken);
        await change.CommitAsync(cancellationToken);
        return Stored(row);
    }

    /// <summary>Makes the published version one that is not, and stops its schedules; running instances go on. False where none is published.</summary>
    public async Task<bool> RetractAsync(string definitionId, CancellationToken cancellationToken)
    {
        await using var change = await ChangeAsync(definitionId, cancellationToken);
        var retracted = await Versions(change.Db, definitionId).Where(d => d.State == VersionState.Published)
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.State, VersionState.Retired), cancellationToken);
        await change.Db.Schedules.Where(s => s.DefinitionId == definitionId).ExecuteDeleteAsync(cancellationToken);
        await change.CommitAsync(cancellationToken);
        return retracted > 0;
    }

    /// <summary>
    /// Deletes a version, or all of them with the schedules, unless an open instance is pinned to one: then the instances are returned, and nothing is changed.
    /// What is deleted is shown to nobody but those who look at an instance of it, and its number does not come again.
    /// </summary>
    /// <param name="version">Null: all versions.</param>
    /// <param name="file">Takes away the file.</param>
    public async Task<IReadOnlyList<string>> DeleteAsync(string definitionId, int? version, Action? file, CancellationToken cancellationToken)
    {
        await using var change = await ChangeAsync(definitionId, cancellationToken);
        var db = change.Db;
        var open = await db.Instances.Where(i => i.DefinitionId == definitionId && (version == null || i.DefinitionVersion == version)
            && (i.Status == nameof(WorkflowStatus.Running) || i.Status == nameof(WorkflowStatus.Suspended))).Select(i => i.Id).ToListAsync(cancellationToken);
        if (open.Count > 0) return open;
        var versions = Versions(db, definitionId).Where(d => version == null || d.Version == version);
        await versions.ExecuteUpdateAsync(set => set.SetProperty(d => d.State, VersionState.Deleted), cancellationToken);
        if (version is null) await db.Schedules.Where(s => s.DefinitionId == definitionId).ExecuteDeleteAsync(cancellationToken);
        file?.Invoke();
        await change.CommitAsync(cancellationToken);
        return [];
    }

    /// <summary>The newest version that is not deleted, which must be the one that the caller knows.</summary>
    static async Task<DefinitionRow?> SameAsync(RuntimeDbContext db, string definitionId, StoredDefinition? known, CancellationToken cancellationToken)
    {
        var row = await Versions(db, definitionId).Where(d => d.State != VersionState.Deleted).OrderByDescending(d => d.Version).FirstOrDefaultAsync(cancellationToken);
        return row?.Version == known?.Version && row?.Revision == known?.Revision && row?.State == known?.State ? row
            : throw new DefinitionChangedException($"'{definitionId}' was changed by someone else.");
    }
}
