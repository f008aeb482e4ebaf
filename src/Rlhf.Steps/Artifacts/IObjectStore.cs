namespace Rlhf.Steps.Artifacts;

/// <summary>
/// One object: its name, size in bytes, when it was created or last asked for again by a writer, and the store's own mark of that state.
/// </summary>
public sealed record StoredObject(string Name, long Size, DateTimeOffset RenewedAt, string Mark);

/// <summary>
/// Where bytes are kept: names with forward slashes, each written once and never changed. A folder by default; a Blob container is the same
/// five verbs. Implementers let failures propagate as <see cref="IOException"/>; an object is visible whole or not at all.
/// </summary>
public interface IObjectStore
{
    /// <summary>
    /// Writes the object unless one of that name exists; that one is renewed: its age begins anew, so that nothing that a writer still
    /// counts on is removed for its age. Atomic: of many callers exactly one gets true. The content can be read again from its start.
    /// </summary>
    Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Opens the object for reading, or null where there is none.</summary>
    Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken);

    /// <summary>The objects whose names begin with <paramref name="prefix"/> (a folder, ending in a slash), in ordinal order of their names.</summary>
    Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Removes an object that nothing refers to any more; no error where there is none, or where a policy of the place still keeps it.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Removes an object as it was seen; false where it was renewed since, is gone, or is kept by a policy of the place.</summary>
    Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken);
}

public static class ObjectStoreExtensions
{
    public static Task<bool> TryCreateAsync(this IObjectStore store, string name, byte[] content, CancellationToken cancellationToken) =>
        store.TryCreateAsync(name, new MemoryStream(content, writable: false), cancellationToken);

    /// <summary>The names that begin with <paramref name="prefix"/> (a folder, ending in a slash), in ordinal order.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(this IObjectStore store, string prefix, CancellationToken cancellationToken) =>
        [.. (await store.EntriesAsync(prefix, cancellationToken)).Select(o => o.Name)];

    /// <summary>All bytes of a small object, or null where there is none.</summary>
    public static async Task<byte[]?> ReadAsync(this IObjectStore store, string name, CancellationToken cancellationToken)
    {
        await using var stream = await store.OpenAsync(name, cancellationToken);
        if (stream is null) return null;
        var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }
}
