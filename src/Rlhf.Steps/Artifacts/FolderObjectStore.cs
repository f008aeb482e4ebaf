using System.Globalization;
using System.Runtime.InteropServices;

namespace Rlhf.Steps.Artifacts;

/// <summary>Objects as files below one folder. A file is written under a temporary name, flushed to the disk, and linked to its own name.</summary>
public sealed class FolderObjectStore : IObjectStore
{
    readonly string _root;
    readonly string _temporary;
    readonly Func<string, Stream> _create;

    public FolderObjectStore(string root) : this(root, CreateFile) { }

    internal FolderObjectStore(string root, Func<string, Stream> create)
    {
        _root = Path.GetFullPath(root);
        _temporary = Path.Combine(_root, "tmp");
        _create = create;
    }

    public async Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        if (TryRenew(path)) return false;
        Directory.CreateDirectory(_temporary);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
        try
        {
            await using (var file = _create(temporary))
            {
                await content.CopyToAsync(file, cancellationToken);
                await file.FlushAsync(cancellationToken);
                if (file is FileStream onDisk) onDisk.Flush(flushToDisk: true);
            }
            while (true)
            {
                if (Publish(temporary, path)) return true;
                // Removed for its age between the two: then this one takes its place.
                if (TryRenew(path)) return false;
            }
        }
        catch (IOException e) when (e is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new IOException($"'{name}' could not be written below {_root}: {e.Message} Nothing of it was kept.", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Stream?>(new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    /// <summary>Removes what killed writers left: what nobody has written to for so long. Other processes may be writing meanwhile.</summary>
    public void RemoveUnfinished(TimeSpan untouchedFor)
    {
        if (!Directory.Exists(_temporary)) return;
        var before = TimeProvider.System.GetUtcNow() - untouchedFor;
        foreach (var file in Directory.EnumerateFiles(_temporary).Where(f => File.GetLastWriteTimeUtc(f) < before)) File.Delete(file);
    }

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken)
    {
        var folder = new DirectoryInfo(PathOf(prefix.TrimEnd('/')));
        IReadOnlyList<StoredObject> entries = !folder.Exists
            ? []
            : [.. folder.EnumerateFiles("*", SearchOption.AllDirectories).Select(Entry).OfType<StoredObject>().OrderBy(o => o.Name, StringComparer.Ordinal)];
        return Task.FromResult(entries);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        if (File.Exists(path)) File.Delete(path);
        return Task.CompletedTask;
    }

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken)
    {
        var path = PathOf(seen.Name);
        // What is still wanted is not moved at all: whoever reads it would miss it, and a kill would lose it.
        if (Mark(new(path)) != seen.Mark) return Task.FromResult(false);
        Directory.CreateDirectory(_temporary);
        // Out of the way first, looked at after: a writer that renews it meanwhile either finds it gone and writes it anew, or is seen here.
        var aside = new FileInfo(Path.Combine(_temporary, Guid.NewGuid().ToString("N")));
        try
        {
            File.Move(path, aside.FullName);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult(false);
        }
        aside.Refresh();
        var unchanged = Mark(aside) == seen.Mark;
        if (!unchanged) Publish(aside.FullName, path);
        File.Delete(aside.FullName);
        return Task.FromResult(unchanged);
    }

    // Null: removed while the folder was read.
    StoredObject? Entry(FileInfo file)
    {
        try
        {
            return new(Path.GetRelativePath(_root, file.FullName).Replace('\\', '/'), file.Length, new(file.LastWriteTimeUtc, TimeSpan.Zero), Mark(file));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    static string Mark(FileInfo file) => file.LastWriteTimeUtc.Ticks.ToString(CultureInfo.InvariantCulture);

    static bool TryRenew(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    string PathOf(string name)
    {
        if (name.Length == 0 || name.Split('/').Any(part => part is "" or "." or ".."))
            throw new ArgumentException($"'{name}' is not an object name; expected parts separated by single slashes.");
        return Path.Combine(_root, name.Replace('/', Path.DirectorySeparatorChar));
    }

    // A hard link is the one call that publishes a whole file and fails where the name is taken; File.Move without overwrite
    // checks first and renames after on Unix, so two writers could both win.
    static bool Publish(string temporary, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(temporary, path, overwrite: false);
                return true;
            }
            catch (IOException) when (File.Exists(path))
            {
                return false;
            }
        }
        if (Link(temporary, path) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        if (error == FileExists) return false;
        throw new IOException($"no link to '{path}' could be made: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    const int FileExists = 17; // EEXIST on Linux and macOS

    static Stream CreateFile(string path) => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
