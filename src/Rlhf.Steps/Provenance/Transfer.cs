using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Provenance;

/// <summary>What a transfer copied: artifacts, records, and bytes that were not there yet.</summary>
public sealed record TransferReport(int Artifacts, int Records, long Bytes);

/// <summary>
/// Copies artifacts from one store to another, every file checked against its hash on the way, files before their manifest and
/// everything before the record that commits it, so that a transfer that was cut off is taken up by the next one.
/// </summary>
public sealed class Transfer(IObjectStore from, IObjectStore to, Action<ArtifactRef>? onArtifact = null)
{
    readonly ArtifactStore _from = new(from), _to = new(to);
    readonly HashSet<ArtifactRef> _copied = [];
    long _bytes;

    /// <param name="lineage">
    /// Whether everything it came from is copied too, with the step records: only then does the other store know where it came from, for a
    /// record there answers for its step and must have all it names.
    /// </param>
    /// <exception cref="ArtifactNotFoundException">The artifact, or something it came from, is not in the first store.</exception>
    public async Task<TransferReport> CopyAsync(ArtifactRef artifact, bool lineage, CancellationToken cancellationToken)
    {
        await CopyAsync(artifact, cancellationToken);
        // The far end first: a record that stands there has what it names.
        var steps = lineage ? (await Lineage.ReadAsync(from, cancellationToken)).Upstream(artifact).OrderBy(s => s.Record.FinishedAt).ToList() : [];
        foreach (var record in steps.Select(s => s.Record))
        {
            foreach (var named in ArtifactRefs.Of(record)) await CopyAsync(named, cancellationToken);
            if (record.Journal is { } journal) await CopyObjectAsync($"journals/{journal.Sha256}.jsonl", cancellationToken);
            await new StepRecords(to).CommitAsync(record, cancellationToken);
        }
        return new(_copied.Count, steps.Count, _bytes);
    }

    async Task CopyAsync(ArtifactRef artifact, CancellationToken cancellationToken)
    {
        if (!_copied.Add(artifact)) return;
        onArtifact?.Invoke(artifact);
        var manifest = await _from.ManifestAsync(artifact, cancellationToken);
        foreach (var file in manifest.Files)
        {
            // Read whole and checked before any of it is sent: what does not match its hash must not get its name there.
            await using var content = await _from.OpenFileAsync(artifact, file, cancellationToken);
            if (await to.TryCreateAsync(ArtifactStore.BlobName(file.Sha256), content, cancellationToken)) _bytes += file.Size;
        }
        await _to.PutManifestAsync(manifest, cancellationToken);
    }

    async Task CopyObjectAsync(string name, CancellationToken cancellationToken)
    {
        var bytes = await from.ReadAsync(name, cancellationToken) ?? throw new ArtifactNotFoundException($"'{name}' is not in this store.");
        if (await to.TryCreateAsync(name, bytes, cancellationToken)) _bytes += bytes.Length;
    }
}
