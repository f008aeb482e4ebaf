using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>A store in memory for many callers at once.</summary>
sealed class MemoryObjects : IObjectStore
{
    readonly Lock _gate = new();
    readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    /// <summary>Called before each operation; what it throws, the operation throws.</summary>
    public Action<string>? Before { get; set; }

    public async Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        Before?.Invoke($"create {name}");
        var bytes = new MemoryStream();
        await content.CopyToAsync(bytes, cancellationToken);
        lock (_gate) return _objects.TryAdd(name, bytes.ToArray());
    }

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        Before?.Invoke($"open {name}");
        lock (_gate) return Task.FromResult<Stream?>(_objects.TryGetValue(name, out var bytes) ? new MemoryStream(bytes, writable: false) : null);
    }

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken)
    {
        Before?.Invoke($"list {prefix}");
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<StoredObject>>(
                [.. _objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(o => new StoredObject(o.Key, o.Value.Length, DateTimeOffset.UnixEpoch, ""))]);
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        Before?.Invoke($"delete {name}");
        lock (_gate) _objects.Remove(name);
        return Task.CompletedTask;
    }

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken)
    {
        lock (_gate) return Task.FromResult(_objects.Remove(seen.Name));
    }
}
