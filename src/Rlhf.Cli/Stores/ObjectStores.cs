using Rlhf.Adapters.Blob;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Cli.Stores;

/// <summary>Which object store stands behind a setting: a Blob container where one is configured, a folder otherwise.</summary>
static class ObjectStores
{
    /// <summary>The container of <c>RLHF_BLOB</c>, or null where artifacts are in the store's folder.</summary>
    /// <exception cref="ArgumentException">A value is malformed.</exception>
    public static BlobSettings? Container => BlobSettings.FromEnvironment(Settings.Text);

    static BlobOptions Options => new() { Resilience = PipelineOptions.OfTry(Settings.BlobTimeout) };

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
        var names = place is null ? new BlobVariables("RLHF_REMOTE", "RLHF_REMOTE_CONTAINER") : new("The other store", "its container");
        if ((place ?? Settings.Text(names.Place)) is not { } text)
            throw new ArgumentException("The other store is not named; expected a folder, a container's address, or RLHF_REMOTE.");
        if (text.Contains("://", StringComparison.Ordinal) || text.Contains(';', StringComparison.Ordinal))
            return new BlobObjectStore(BlobSettings.From(name => name == names.Place ? text : Settings.Text(name), names)!, TimeProvider.System, Options);
        return Directory.Exists(text) ? new FolderObjectStore(text) : throw new ArgumentException($"'{text}' is no folder and no address of a container.");
    }
}
