using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Tests.Support;

/// <summary>A store in memory; remembers every name that was ever created in it.</summary>
sealed class MemoryObjectStore : IObjectStore
{
    readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public List<string> Created { get; } = [];

    public IReadOnlyCollection<string> Names => _objects.Keys;

    public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        var bytes = new MemoryStream();
        content.CopyTo(bytes);
        var created = _objects.TryAdd(name, bytes.ToArray());
        if (created) Created.Add(name);
        return Task.FromResult(created);
    }

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<Stream?>(_objects.TryGetValue(name, out var bytes) ? new MemoryStream(bytes, writable: false) : null);

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<StoredObject>>(
            [.. _objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(o => new StoredObject(o.Key, o.Value.Length, DateTimeOffset.UnixEpoch, ""))]);

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => Task.FromResult(_objects.Remove(seen.Name));

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        _objects.Remove(name);
        return Task.CompletedTask;
    }
}

/// <summary>Counts what is asked of a store: requests that name one object, and listings.</summary>
sealed class CountingStore(IObjectStore inner) : IObjectStore
{
    int _requests, _listings;

    public async Task<(int Requests, int Listings)> DuringAsync(Func<Task> action)
    {
        var (requests, listings) = (_requests, _listings);
        await action();
        return (_requests - requests, _listings - listings);
    }

    public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) => Counted(inner.TryCreateAsync(name, content, cancellationToken));

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => Counted(inner.OpenAsync(name, cancellationToken));

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => Counted(inner.DeleteAsync(name, cancellationToken));

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => Counted(inner.TryDeleteAsync(seen, cancellationToken));

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _listings);
        return inner.EntriesAsync(prefix, cancellationToken);
    }

    T Counted<T>(T asked)
    {
        Interlocked.Increment(ref _requests);
        return asked;
    }
}

/// <summary>One writer's view of a store: each operation waits until the test gives it its turn.</summary>
sealed class TurnObjectStore(IObjectStore inner) : IObjectStore
{
    volatile TaskCompletionSource? _turn;

    public bool Waits => _turn is not null;

    /// <summary>Does the operation that waits, and everything after it up to the writer's next one or its end.</summary>
    public void Advance()
    {
        var turn = _turn ?? throw new InvalidOperationException("No operation waits for its turn.");
        _turn = null;
        turn.SetResult();
    }

    public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) =>
        InTurn(() => inner.TryCreateAsync(name, content, cancellationToken));

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => InTurn(() => inner.OpenAsync(name, cancellationToken));

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) =>
        InTurn(() => inner.EntriesAsync(prefix, cancellationToken));

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => InTurn(() => inner.TryDeleteAsync(seen, cancellationToken));

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => InTurn(async () =>
    {
        await inner.DeleteAsync(name, cancellationToken);
        return true;
    });

    async Task<T> InTurn<T>(Func<Task<T>> operation)
    {
        _turn = new();
        await _turn.Task.ConfigureAwait(false);
        return await operation().ConfigureAwait(false);
    }
}
