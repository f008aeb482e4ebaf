namespace Rlhf.Steps.Artifacts;

/// <summary>
/// Where bytes are kept: names with forward slashes, each written once and never changed. A folder by default; a Blob container is the same
/// five verbs. Implementers let failures propagate as <see cref="IOException"/>; an object is visible whole or not at all.
/// </summary>
public interface IObjectStore
{
    /// <summary>Writes the object unless one of that name exists. Atomic: of many callers exactly one gets true.</summary>
    Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Opens the object for reading, or null where there is none.</summary>
    Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names that begin with <paramref name="prefix"/> (a folder, ending in a slash), in ordinal order.</summary>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Removes an object that nothing refers to any more; no error where there is none.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

public static class ObjectStoreExtensions
{
    public static Task<bool> TryCreateAsync(this IObjectStore store, string name, byte[] content, CancellationToken cancellationToken) =>
        store.TryCreateAsync(name, new MemoryStream(content, writable: false), cancellationToken);

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
