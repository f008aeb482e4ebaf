using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Blob;

/// <summary>
/// Keeps what was read under <c>blobs/sha256/</c>, whose names are hashes, in a folder of up to <paramref name="limitBytes"/> bytes (from 0);
/// beyond it what was not read for longest goes. Any number of processes may share the folder. A kept file is hashed whenever it is opened, and
/// fetched again where it is damaged. Whatever else is asked goes to the store itself; so does a check of the store, which must not be
/// answered from here.
/// </summary>
public sealed partial class CachedObjectStore(IObjectStore inner, string folder, long limitBytes, TimeProvider time) : IObjectStore
{
    // A file that is being fetched is written to more often than this.
    static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    readonly string _kept = Path.Combine(Path.GetFullPath(folder), "kept"), _coming = Path.Combine(Path.GetFullPath(folder), "coming");

    /// <summary>The store behind the cache.</summary>
    public IObjectStore Inner => inner;

    public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) => inner.TryCreateAsync(name, content, cancellationToken);

    public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) => inner.EntriesAsync(prefix, cancellationToken);

    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        Forget(name);
        return inner.DeleteAsync(name, cancellationToken);
    }

    public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken)
    {
        Forget(seen.Name);
        return inner.TryDeleteAsync(seen, cancellationToken);
    }

    /// <exception cref="IOException">The store fails, or the cache's folder cannot be written.</exception>
    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        if (Hashed().Match(name) is not { Success: true } match) return await inner.OpenAsync(name, cancellationToken);
        var hash = match.Groups[1].Value;
        if (await OpenKeptAsync(hash, cancellationToken) is { } kept) return kept;
        var source = await inner.OpenAsync(name, cancellationToken);
        if (source is null || source.Length > limitBytes) return source;
        await using (source)
        {
            if (await FetchAsync(hash, source, cancellationToken) is { } fetched) return fetched;
        }
        // Damaged in the store itself: whoever reads it there says so.
        return await inner.OpenAsync(name, cancellationToken);
    }

    async Task<Stream?> OpenKeptAsync(string hash, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_kept, hash);
        FileStream file;
        try
        {
            file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        try
        {
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken)) == hash)
            {
                Touch(path);
                file.Position = 0;
                return file;
            }
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
        await file.DisposeAsync();
        File.Delete(path);
        return null;
    }

    // Null: what came does not have the hash.
    async Task<Stream?> FetchAsync(string hash, Stream source, CancellationToken cancellationToken)
    {
        var temporary = Path.Combine(_coming, Guid.NewGuid().ToString("N"));
        FileStream? file = null;
        try
        {
            Directory.CreateDirectory(_coming);
            Directory.CreateDirectory(_kept);
            file = new(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 1 << 16);
            if (await CopyAsync(source, file, cancellationToken) != hash) return null;
            await file.FlushAsync(cancellationToken);
            File.Move(temporary, Path.Combine(_kept, hash), overwrite: true);
            Touch(Path.Combine(_kept, hash));
            MakeRoom();
            file.Position = 0;
            var whole = file;
            file = null;
            return whole;
        }
        // A file that is missing would be taken for one of an artifact: somebody cleared the folder meanwhile.
        catch (Exception e) when (e is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"The cache folder {folder} cannot be written: {e.Message}", e);
        }
        finally
        {
            if (file is not null) await file.DisposeAsync();
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }

    async Task<string> CopyAsync(Stream source, FileStream file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            try
            {
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
            catch (IOException e)
            {
                throw new IOException($"The cache folder {folder} cannot be written: {e.Message} Make room there, or set another folder or a lower limit.", e);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Others read, write and remove in the same folder meanwhile: what is gone is gone.
    void MakeRoom()
    {
        var before = time.GetUtcNow() - Abandoned;
        foreach (var file in new DirectoryInfo(_coming).EnumerateFiles().Where(f => f.LastWriteTimeUtc < before)) file.Delete();
        var kept = new DirectoryInfo(_kept).EnumerateFiles().Select(f => (f.FullName, Size: SizeOf(f), f.LastWriteTimeUtc)).OrderBy(f => f.LastWriteTimeUtc).ToList();
        var sum = kept.Sum(f => f.Size);
        foreach (var (path, size, _) in kept.TakeWhile(_ => sum > limitBytes))
        {
            File.Delete(path);
            sum -= size;
        }
    }

    static long SizeOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    // The time of writing stands for the time of use: systems keep the latter at will.
    void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
        }
        catch (FileNotFoundException)
        {
            // Another process made room with it just now; the open file lives on.
        }
    }

    void Forget(string name)
    {
        if (Hashed().Match(name) is { Success: true } match && Directory.Exists(_kept)) File.Delete(Path.Combine(_kept, match.Groups[1].Value));
    }

    [GeneratedRegex(@"^blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})\z")]
    private static partial Regex Hashed();
}
