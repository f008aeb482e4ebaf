using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Cli.Stores;

/// <summary>Which object store stands behind a setting: a Blob container where one is configured, a folder otherwise.</summary>
static class ObjectStores
{
    /// <summary>The container of <c>RLHF_BLOB</c>, or null where artifacts are in the store's folder.</summary>
    /// <exception cref="ArgumentException">A value is malformed.</exception>
    public static BlobSettings? Container => BlobSettings.FromEnvironment(Settings.Text);

    static BlobOptions Options => new() { Resilience = new() { Try = Settings.BlobTimeout } };

    /// <summary>The store's artifacts; those of a container are read through a cache in the folder.</summary>
    public static IObjectStore Open(string folder) => Container is { } container
        ? new CachedObjectStore(new BlobObjectStore(container, TimeProvider.System, Options), Path.Combine(folder, "cache"), Settings.CacheBytes, TimeProvider.System)
        : new FolderObjectStore(folder);

    /// <summary>For people: the container's address or the folder.</summary>
    public static string Place(string folder) => Container?.ToString() ?? folder;

    /// <summary>Another store: a folder, a container's URL, or, where neither is given, what <c>RLHF_REMOTE</c> says.</summary>
    /// <exception cref="ArgumentException">Nothing is given, or a value is malformed.</exception>
    public static IObjectStore Other(string? place)
    {
        const string variable = "RLHF_REMOTE", containerVariable = "RLHF_REMOTE_CONTAINER";
        if ((place ?? Settings.Text(variable)) is not { } text)
            throw new ArgumentException($"The other store is not named; expected a folder, a container's address, or {variable}.");
        var container = place is null ? Settings.Text(containerVariable) : null;
        if (text.Contains("://", StringComparison.Ordinal) || text.Contains(';', StringComparison.Ordinal))
            return new BlobObjectStore(BlobSettings.FromEnvironment(v => v == BlobSettings.Variable ? text : container)!, TimeProvider.System, Options);
        return Directory.Exists(text) ? new FolderObjectStore(text) : throw new ArgumentException($"'{text}' is no folder and no address of a container.");
    }
}
