using System.Collections.Concurrent;

namespace Rlhf.Steps.Artifacts;

/// <summary>Objects in memory, for what is small and looked at once, such as a promotion that is checked without a store.</summary>
public sealed class TransientObjectStore : IObjectStore
{
    readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public async Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        var bytes = new MemoryStream();
        await content.CopyToAsync(bytes, cancellationToken);
        return _objects.TryAdd(name, bytes.ToArray());
    }

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<Stream?>(_objects.TryGetValue(name, out var bytes) ? new MemoryStream(bytes, writable: false) : null);

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<StoredObject>>([.. _objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(o => new StoredObject(o.Key, o.Value.Length, DateTimeOffset.UnixEpoch, "")).OrderBy(o => o.Name, StringComparer.Ordinal)]);

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        _objects.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => Task.FromResult(_objects.TryRemove(seen.Name, out _));
}
