using Azure;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Blob;

/// <summary>
/// Objects as block blobs of one container, each under its own name. What is larger than a block goes and comes in blocks, several at once;
/// an upload that was cut off goes on with the blocks that are missing, from any process, for a week. Every failure is an
/// <see cref="IOException"/> that names object and container and says what to do. The account must let objects be created, read, listed,
/// their metadata written, and (for garbage collection) deleted.
/// </summary>
public sealed class BlobObjectStore : IObjectStore
{
    readonly BlobConnection _connection;

    /// <summary>Asks the service nothing yet.</summary>
    public BlobObjectStore(BlobSettings settings, TimeProvider time, BlobOptions? options = null, ILoggerFactory? logs = null) =>
        _connection = new(settings, options ?? new(), time, logs);

    /// <summary>A store whose container has been seen; with <paramref name="create"/>, as on a laptop with Azurite, it is made where it is missing.</summary>
    /// <exception cref="IOException">The container is missing, cannot be reached or refuses the credentials.</exception>
    public static async Task<BlobObjectStore> OpenAsync(
        BlobSettings settings, TimeProvider time, BlobOptions? options, ILoggerFactory? logs, bool create, CancellationToken cancellationToken)
    {
        var store = new BlobObjectStore(settings, time, options, logs);
        var connection = store._connection;
        if (create)
        {
            await connection.SayingAsync(null, () => connection.CallAsync(
                async token => await connection.Container.CreateIfNotExistsAsync(cancellationToken: token) is not null, cancellationToken, quick: true), cancellationToken);
        }
        await store.CheckAsync(cancellationToken);
        return store;
    }

    /// <summary>Asks for a listing of one object, with few retries and 20 seconds at most.</summary>
    /// <exception cref="IOException">The container is missing, cannot be reached or refuses the credentials.</exception>
    public Task CheckAsync(CancellationToken cancellationToken) =>
        _connection.SayingAsync(null, () => PageAsync(_connection.Prefix, null, 1, quick: true, cancellationToken), cancellationToken);

    public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        Check(name);
        return _connection.SayingAsync(name, () => new BlobUpload(_connection, name, content).RunAsync(cancellationToken), cancellationToken);
    }

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        Check(name);
        return new BlobDownload(_connection, name).OpenAsync(cancellationToken);
    }

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken)
    {
        Check(prefix.TrimEnd('/'));
        var folder = $"{_connection.Prefix}{prefix.TrimEnd('/')}/";
        return _connection.SayingAsync(prefix, async () =>
        {
            var entries = new List<StoredObject>();
            string? next = null;
            do
            {
                var page = await PageAsync(folder, next, _connection.Options.PageSize, quick: false, cancellationToken);
                entries.AddRange(page.Values.Where(item => !IsFolder(item)).Select(Entry));
                next = page.ContinuationToken;
            }
            while (!string.IsNullOrEmpty(next));
            entries.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
            return (IReadOnlyList<StoredObject>)entries;
        }, cancellationToken);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        Check(name);
        return RemoveAsync(name, null, cancellationToken);
    }

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken)
    {
        Check(seen.Name);
        return RemoveAsync(seen.Name, new() { IfMatch = new(seen.Mark) }, cancellationToken);
    }

    Task<bool> RemoveAsync(string name, BlobRequestConditions? conditions, CancellationToken cancellationToken) => _connection.SayingAsync(name, async () =>
    {
        try
        {
            await _connection.CallAsync(token => _connection.Blob(name).DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, conditions, token), cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (BlobConnection.IsMissing(e) || BlobConnection.IsImmutable(e) || e.ErrorCode == BlobErrorCode.ConditionNotMet)
        {
            return false;
        }
    }, cancellationToken);

    Task<Page<BlobItem>> PageAsync(string prefix, string? next, int size, bool quick, CancellationToken cancellationToken) => _connection.CallAsync(async token =>
    {
        var pages = _connection.Container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix.Length == 0 ? null : prefix, token).AsPages(next, size);
        await using var first = pages.GetAsyncEnumerator(token);
        return await first.MoveNextAsync() ? first.Current : throw new IOException("the service ended its listing without a page");
    }, cancellationToken, quick);

    StoredObject Entry(BlobItem item) => new(
        item.Name[_connection.Prefix.Length..], item.Properties.ContentLength ?? 0, item.Properties.LastModified ?? default, item.Properties.ETag?.ToString() ?? "");

    // An account with a hierarchical namespace lists its folders too.
    static bool IsFolder(BlobItem item) => item.Metadata.Any(m => m.Key.Equals("hdi_isfolder", StringComparison.OrdinalIgnoreCase));

    void Check(string name)
    {
        if (name.Length == 0 || name.Split('/').Any(part => part is "" or "." or ".."))
            throw new ArgumentException($"'{name}' is not an object name; expected parts separated by single slashes.");
        if (_connection.Prefix.Length + name.Length > 1024)
            throw new ArgumentException($"'{name[..60]}…' has {_connection.Prefix.Length + name.Length} characters with its container's folder; expected at most 1024.");
    }
}
