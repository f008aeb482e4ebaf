using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Library;

/// <summary>The version that a change is made to, as whoever makes it saw it last.</summary>
/// <param name="Revision">Of a draft.</param>
public readonly record struct DraftBasis(int Version, int? Revision);

/// <summary>What came of publishing: where there are findings that are errors, nothing was published.</summary>
/// <param name="Version">Null where what was refused was not saved either.</param>
public sealed record PublishResult(WorkflowVersion? Version, bool AlreadyPublished, IReadOnlyList<Finding> Findings)
{
    public bool IsRefused => Findings.Any(f => f.Severity == Severity.Error);
}

/// <summary>
/// The definitions of a store and of the folder of workflows. What is published stands in a file of that folder, and the file decides: a change
/// there is a new published version as soon as anyone asks here. Drafts are in the store only.
/// </summary>
public sealed partial class WorkflowLibrary : IDisposable
{
    readonly WorkflowStore _store;
    readonly DefinitionReader _reader;
    readonly DraftLint _lint;
    readonly TimeProvider _time;
    readonly WorkflowFolder _folder;
    readonly SemaphoreSlim _gate = new(1);
    readonly ConcurrentDictionary<string, string> _problems = new(StringComparer.Ordinal); // by file

    internal WorkflowLibrary(WorkflowStore store, DefinitionReader reader, ActivityCatalog catalog, IReadOnlyList<string> folders, TimeProvider time)
    {
        (_store, _reader, _lint, _time) = (store, reader, new(reader, catalog), time);
        _folder = new([.. folders.Select(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)))]);
    }

    /// <summary>Versions, after a look at the files.</summary>
    public async Task<VersionPage> ListAsync(VersionQuery query, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        var index = await _store.IndexAsync(null, cancellationToken);
        var latest = LatestOf(index);
        List<WorkflowVersion>? read = null;
        var chosen = (await VisibleAsync(index, query, cancellationToken)).Where(v => IsMeant(query.Options, v, latest)).ToList();
        if (query.DefinitionIds is { } ids) chosen = [.. chosen.Where(v => ids.Contains(v.DefinitionId))];
        if (query.Term is { Length: > 0 } term)
        {
            read = [.. (await ReadAsync(chosen, latest, cancellationToken)).Where(v => Holds(v, term))];
            chosen = [.. chosen.Where(c => read.Any(r => r.DefinitionId == c.DefinitionId && r.Version == c.Version))];
        }
        var page = Sorted(chosen, query).Skip(query.Skip).Take(query.Take ?? int.MaxValue).ToList();
        return new(await ReadAsync(page, latest, cancellationToken), chosen.Count);
    }

    /// <summary>One version, after a look at the files; null where there is none.</summary>
    public async Task<WorkflowVersion?> GetAsync(string definitionId, VersionOptions options, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        return await _store.FindAsync(definitionId, options, cancellationToken) is { } stored ? await ViewAsync(stored, cancellationToken) : null;
    }

    /// <summary>The version with a number, even a deleted one where instances ran it; null where there is none.</summary>
    public async Task<WorkflowVersion?> FindVersionAsync(string definitionId, int version, CancellationToken cancellationToken = default)
    {
        if (await _store.ReadAsync(definitionId, version, cancellationToken) is not { } stored) return null;
        if (stored.State == VersionState.Deleted && !await _store.IsPinnedAsync(definitionId, version, cancellationToken)) return null;
        return await ViewAsync(stored, cancellationToken);
    }

    /// <summary>All versions of a definition, the newest first.</summary>
    public async Task<IReadOnlyList<WorkflowVersion>> VersionsAsync(string definitionId, CancellationToken cancellationToken = default) =>
        (await ListAsync(new() { DefinitionIds = [definitionId], Order = VersionOrder.Version, Descending = true }, cancellationToken)).Items;

    /// <summary>What is wrong with files, as the last look found it; those of definitions that nobody could publish yet, too.</summary>
    public IReadOnlyCollection<string> FileProblems => [.. _problems.Values];

    /// <summary>How many definitions there are.</summary>
    public async Task<int> CountAsync(CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        return LatestOf(await _store.IndexAsync(null, cancellationToken)).Count;
    }

    /// <summary>True where no other definition is called that.</summary>
    public async Task<bool> IsNameUniqueAsync(string name, string? definitionId, CancellationToken cancellationToken = default)
    {
        await LookAsync(cancellationToken);
        var index = await _store.IndexAsync(null, cancellationToken);
        var latest = LatestOf(index);
        return !index.Any(v => v.DefinitionId != definitionId && latest.GetValueOrDefault(v.DefinitionId) == v.Version && string.Equals(v.Name, name.Trim(), StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The ids of the definitions whose newest version dispatches this one by its id.</summary>
    public async Task<IReadOnlyList<string>> ConsumersAsync(string definitionId, CancellationToken cancellationToken = default)
    {
        var page = await ListAsync(new() { Options = VersionOptions.Latest }, cancellationToken);
        return [.. page.Items.Where(v => Dispatches(v.ToJson()["root"], definitionId)).Select(v => v.DefinitionId)];
    }

    /// <summary>True for a type of activity that this runtime runs.</summary>
    public bool Runs(string activityType) => _lint.Knows(activityType);

    /// <summary>Everything that is wrong with a version as it is.</summary>
    public IReadOnlyList<Finding> Lint(WorkflowVersion version) => _lint.Check(version.Text, version.DefinitionId).Findings;

    /// <summary>Whether JSON has the form of a definition with an id that may be one, whatever it says.</summary>
    /// <exception cref="ArgumentException">It has not.</exception>
    public static void Check(JsonObject model)
    {
        DefinitionShape.Check(model);
        if (model["definitionId"]?.ToString() is { Length: > 0 } id) DefinitionIds.Check(id);
    }

    public void Dispose() => _gate.Dispose();

    static bool Dispatches(JsonNode? node, string definitionId) => node switch
    {
        JsonObject json => (json["type"]?.ToString() == ActivityCatalog.DispatchWorkflow && json["workflowDefinitionId"]?["expression"]?["value"]?.ToString() == definitionId)
            || json.Any(m => m.Value is not JsonValue && Dispatches(m.Value, definitionId)),
        JsonArray list => list.Any(i => Dispatches(i, definitionId)),
        _ => false,
    };

    async Task<IEnumerable<IndexedVersion>> VisibleAsync(IReadOnlyList<IndexedVersion> index, VersionQuery query, CancellationToken cancellationToken)
    {
        if (query.Versions is not { } wanted) return index.Where(v => v.State != VersionState.Deleted);
        var chosen = new List<IndexedVersion>();
        foreach (var version in index.Where(v => wanted.Contains((v.DefinitionId, v.Version))))
        {
            if (version.State != VersionState.Deleted || await _store.IsPinnedAsync(version.DefinitionId, version.Version, cancellationToken)) chosen.Add(version);
        }
        return chosen;
    }

    static bool IsMeant(VersionOptions? options, IndexedVersion version, Dictionary<string, int> latest)
    {
        var (isLatest, isPublished) = (latest.GetValueOrDefault(version.DefinitionId) == version.Version, version.State == VersionState.Published);
        return options switch
        {
            null or { Kind: VersionKind.AllVersions } => true,
            { Kind: VersionKind.Latest } => isLatest,
            { Kind: VersionKind.Published } => isPublished,
            { Kind: VersionKind.LatestOrPublished } => isLatest || isPublished,
            { Kind: VersionKind.LatestAndPublished } => isLatest && isPublished,
            { Kind: VersionKind.Draft } => isLatest && !isPublished,
            { Number: var number } => version.Version == number,
        };
    }

    static IEnumerable<IndexedVersion> Sorted(IEnumerable<IndexedVersion> versions, VersionQuery query)
    {
        IComparer<IndexedVersion> order = Comparer<IndexedVersion>.Create((a, b) => query.Order switch
        {
            VersionOrder.Version => a.Version.CompareTo(b.Version),
            VersionOrder.Created => a.CreatedAt.CompareTo(b.CreatedAt),
            _ => string.Compare(a.Name, b.Name, StringComparison.OrdinalIgnoreCase),
        });
        return (query.Descending ? versions.OrderDescending(order) : versions.Order(order)).ThenBy(v => v.DefinitionId, StringComparer.Ordinal).ThenByDescending(v => v.Version);
    }

    static bool Holds(WorkflowVersion version, string term) =>
        new[] { version.Name, version.DefinitionId, $"{version.DefinitionId}:{version.Version}", version.ToJson()["description"]?.ToString() ?? "" }
            .Any(t => t.Contains(term, StringComparison.OrdinalIgnoreCase));

    static Dictionary<string, int> LatestOf(IEnumerable<IndexedVersion> index) =>
        index.Where(v => v.State != VersionState.Deleted).GroupBy(v => v.DefinitionId).ToDictionary(g => g.Key, g => g.Max(v => v.Version), StringComparer.Ordinal);

    async Task<List<WorkflowVersion>> ReadAsync(IEnumerable<IndexedVersion> versions, Dictionary<string, int> latest, CancellationToken cancellationToken)
    {
        var read = new List<WorkflowVersion>();
        foreach (var version in versions)
        {
            if (await _store.ReadAsync(version.DefinitionId, version.Version, cancellationToken) is { } stored) read.Add(View(stored, latest.GetValueOrDefault(stored.DefinitionId)));
        }
        return read;
    }

    async Task<WorkflowVersion> ViewAsync(StoredDefinition stored, CancellationToken cancellationToken) =>
        View(stored, LatestOf(await _store.IndexAsync(stored.DefinitionId, cancellationToken)).GetValueOrDefault(stored.DefinitionId));

    WorkflowVersion View(StoredDefinition stored, int latest) => new(stored.DefinitionId, stored.Version, stored.Name, stored.Json, stored.CreatedAt)
    {
        Revision = stored.State == VersionState.Draft ? stored.Revision : null,
        IsLatest = stored.Version == latest,
        IsPublished = stored.State == VersionState.Published,
        FileProblem = _folder.FileOf(stored.DefinitionId) is { } file ? _problems.GetValueOrDefault(file) : null,
    };
}
