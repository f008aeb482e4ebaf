using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Provenance;

/// <summary>What a collection found: what nothing refers to and is old enough to go, how many bytes that is, and how much stays.</summary>
public sealed record Garbage(IReadOnlyList<StoredObject> Objects, int Kept, int Young)
{
    public long Bytes => Objects.Sum(o => o.Size);
}

/// <summary>
/// Finds and removes what nothing refers to. Marked are the artifacts of all step records, aliases, names, rounds, promotions and pins, of the
/// instances that are not over, and everything younger than a grace period, with what it refers to: a step that runs has renewed all it
/// has stored (<see cref="IObjectStore.TryCreateAsync"/>) and commits within its lease. Checkpoints go once their step's record stands.
/// </summary>
public sealed class GarbageCollection(IObjectStore objects, TimeProvider time)
{
    /// <summary>The shortest grace period: longer than any lease (at most an hour) and than the clocks of two machines differ.</summary>
    public static readonly TimeSpan LeastGrace = TimeSpan.FromHours(2);

    /// <summary>Small objects that name artifacts and are never removed themselves.</summary>
    static readonly string[] Roots = ["aliases/", "names/", "rounds/", "pins/", "promotions/"];

    /// <param name="inUse">Gives the artifacts that something outside of the store refers to, such as instances that are not over; asked at the right moment.</param>
    /// <param name="grace">How long what nothing refers to is kept; <see cref="LeastGrace"/> or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The grace period is shorter than a lease may be.</exception>
    public async Task<Garbage> FindAsync(Func<CancellationToken, Task<IReadOnlyCollection<ArtifactRef>>> inUse, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (grace < LeastGrace) throw new ArgumentOutOfRangeException(nameof(grace), $"The grace period is {grace.TotalHours:0.##} h; expected {LeastGrace.TotalHours:0} h or more, longer than any lease.");
        var before = time.GetUtcNow() - grace;
        // What could go is listed before what refers to it is read: what is stored in between is in no list.
        var manifests = await objects.EntriesAsync("manifests/", cancellationToken);
        var rest = new List<StoredObject>();
        foreach (var folder in new[] { "blobs/", "journals/", "checkpoints/" }) rest.AddRange(await objects.EntriesAsync(folder, cancellationToken));

        // An instance that ends meanwhile is seen here, or its last record is seen below.
        var used = await inUse(cancellationToken);
        var records = await new StepRecords(objects).ListAsync(cancellationToken);
        var marked = new HashSet<ArtifactRef>([.. records.SelectMany(ArtifactRefs.Of), .. used, .. await NamedAsync(cancellationToken)]);
        var kept = new HashSet<string>(records.Where(r => r.Journal is not null).Select(r => MetricJournalName(r.Journal!.Sha256)));
        var finished = records.Select(r => r.Key).ToHashSet();
        foreach (var manifest in manifests)
        {
            var artifact = ArtifactStore.RefOf(manifest.Name);
            if (!marked.Contains(artifact) && manifest.RenewedAt < before) continue;
            kept.Add(manifest.Name);
            foreach (var file in (await new ArtifactStore(objects).ManifestAsync(artifact, cancellationToken)).Files) kept.Add(ArtifactStore.BlobName(file.Sha256));
        }
        var all = manifests.Concat(rest).Where(o => !kept.Contains(o.Name) && (!o.Name.StartsWith("checkpoints/", StringComparison.Ordinal) || finished.Contains(o.Name.Split('/')[1]))).ToList();
        var old = all.Where(o => o.RenewedAt < before).ToList();
        return new(old, manifests.Count + rest.Count - all.Count, all.Count - old.Count);
    }

    /// <summary>Removes what was found, manifests before their files; what a writer has asked for since stays. Returns what went.</summary>
    public async Task<IReadOnlyList<StoredObject>> RemoveAsync(Garbage garbage, CancellationToken cancellationToken)
    {
        var gone = new List<StoredObject>();
        foreach (var found in garbage.Objects)
        {
            if (await objects.TryDeleteAsync(found, cancellationToken)) gone.Add(found);
        }
        return gone;
    }

    async Task<IEnumerable<ArtifactRef>> NamedAsync(CancellationToken cancellationToken)
    {
        var named = new List<ArtifactRef>();
        foreach (var folder in Roots)
        {
            foreach (var name in await objects.ListAsync(folder, cancellationToken))
            {
                if (await objects.ReadAsync(name, cancellationToken) is { } bytes) named.AddRange(ArtifactRefs.In(Encoding.UTF8.GetString(bytes)));
            }
        }
        return named;
    }

    static string MetricJournalName(string sha256) => $"journals/{sha256}.jsonl";
}
