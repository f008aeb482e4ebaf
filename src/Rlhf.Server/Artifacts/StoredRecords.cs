using System.Collections.Concurrent;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Artifacts;

/// <summary>The step records of the store as they were a few seconds ago at most; a record never changes, and is read once.</summary>
sealed class StoredRecords(Site site)
{
    /// <summary>How old what is known may be: pages ask for it again and again, and a store in the cloud lists slowly.</summary>
    static readonly TimeSpan Oldest = TimeSpan.FromSeconds(3);

    readonly ConcurrentDictionary<string, StepRecord> _known = new(StringComparer.Ordinal);
    DateTimeOffset _listed = DateTimeOffset.MinValue;

    public async Task<IReadOnlyList<StepRecord>> AllAsync(CancellationToken cancellationToken)
    {
        var (objects, now) = (site.Runtime.Objects, site.Time.GetUtcNow());
        if (now - _listed < Oldest) return [.. _known.Values];
        var names = (await objects.ListAsync("records/", cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _known.Keys.Where(n => !names.Contains(n)).ToList()) _known.TryRemove(gone, out _);
        foreach (var name in names.Where(n => !_known.ContainsKey(n)))
        {
            if (await objects.ReadAsync(name, cancellationToken) is { } bytes) _known[name] = CanonicalJson.Deserialize<StepRecord>(bytes, name);
        }
        _listed = now;
        return [.. _known.Values];
    }
}
