using System.Collections.Concurrent;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Artifacts;

/// <summary>The step records of the store as they are now; a record never changes, and is read once.</summary>
sealed class StoredRecords(Site site)
{
    readonly ConcurrentDictionary<string, StepRecord> _known = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<StepRecord>> AllAsync(CancellationToken cancellationToken)
    {
        var objects = site.Runtime.Objects;
        var names = (await objects.ListAsync("records/", cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _known.Keys.Where(n => !names.Contains(n)).ToList()) _known.TryRemove(gone, out _);
        foreach (var name in names.Where(n => !_known.ContainsKey(n)))
        {
            if (await objects.ReadAsync(name, cancellationToken) is { } bytes) _known[name] = CanonicalJson.Deserialize<StepRecord>(bytes, name);
        }
        return [.. _known.Values];
    }
}
