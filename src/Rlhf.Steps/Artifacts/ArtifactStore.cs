using System.Security.Cryptography;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Artifacts;

/// <summary>
/// Artifacts over an <see cref="IObjectStore"/>: files once by hash (<c>blobs/sha256/ab/…</c>), manifests
/// (<c>manifests/kind/sha256.json</c>) written after their files. Every read checks the hash.
/// </summary>
public sealed class ArtifactStore(IObjectStore objects)
{
    const string Manifests = "manifests/";
    const long SmallFile = 1 << 20;

    public IObjectStore Objects => objects;

    /// <summary>Stores every file below <paramref name="folder"/>, or those that <paramref name="includes"/> says, as one artifact.</summary>
    /// <exception cref="InvalidDataException">There is no such file.</exception>
    public async Task<ArtifactRef> PutFolderAsync(
        string kind, string folder, CancellationToken cancellationToken, Predicate<string>? includes = null)
    {
        var files = new List<ManifestFile>();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(folder, path).Replace('\\', '/');
            if (includes?.Invoke(name) == false) continue;
            await using var stream = File.OpenRead(path);
            files.Add(await PutBlobAsync(name, stream, cancellationToken));
        }
        if (files.Count == 0) throw new InvalidDataException($"'{folder}' holds no file; a {kind} artifact needs at least one.");
        return await PutManifestAsync(new(kind, 1, files), cancellationToken);
    }

    /// <summary>Stores files given by path and content as one artifact.</summary>
    public async Task<ArtifactRef> PutAsync(string kind, IReadOnlyDictionary<string, byte[]> contents, CancellationToken cancellationToken)
    {
        var files = new List<ManifestFile>();
        foreach (var (path, content) in contents)
            files.Add(await PutBlobAsync(path, new MemoryStream(content, writable: false), cancellationToken));
        return await PutManifestAsync(new(kind, 1, files), cancellationToken);
    }

    /// <exception cref="ArtifactNotFoundException">No such artifact in this store.</exception>
    public async Task<ContentManifest> ManifestAsync(ArtifactRef artifact, CancellationToken cancellationToken)
    {
        var bytes = await objects.ReadAsync(ManifestName(artifact), cancellationToken)
            ?? throw new ArtifactNotFoundException($"{artifact} is not in this store.");
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != artifact.Sha256)
            throw new InvalidDataException($"The manifest of {artifact} does not match its hash; the store was changed from outside.");
        return CanonicalJson.Deserialize<ContentManifest>(bytes, $"The manifest of {artifact}");
    }

    /// <summary>The bytes of one file of an artifact, checked against its hash.</summary>
    public async Task<byte[]> ReadFileAsync(ArtifactRef artifact, string path, CancellationToken cancellationToken)
    {
        var manifest = await ManifestAsync(artifact, cancellationToken);
        var file = manifest.Files.FirstOrDefault(f => f.Path == path)
            ?? throw new InvalidDataException($"{artifact} has no file '{path}'; it has {string.Join(", ", manifest.Files.Select(f => f.Path))}.");
        var buffer = new MemoryStream();
        await CopyVerifiedAsync(artifact, file, buffer, cancellationToken);
        return buffer.ToArray();
    }

    public async Task<List<T>> ReadLinesAsync<T>(ArtifactRef artifact, string path, CancellationToken cancellationToken) =>
        JsonLines.Deserialize<T>(await ReadFileAsync(artifact, path, cancellationToken), $"{artifact.Short}, {path}");

    public async Task<T> ReadJsonAsync<T>(ArtifactRef artifact, string path, CancellationToken cancellationToken) =>
        CanonicalJson.Deserialize<T>(await ReadFileAsync(artifact, path, cancellationToken), $"{artifact.Short}, {path}");

    /// <summary>
    /// Writes the artifact's files, or those that <paramref name="includes"/> says, below <paramref name="folder"/>, checked; nothing stays of a file that fails the check.
    /// </summary>
    public async Task ExportAsync(ArtifactRef artifact, string folder, CancellationToken cancellationToken, Predicate<string>? includes = null)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        foreach (var file in (await ManifestAsync(artifact, cancellationToken)).Files.Where(f => includes?.Invoke(f.Path) != false))
        {
            var target = Path.GetFullPath(Path.Combine(root, file.Path));
            if (!target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new InvalidDataException($"{artifact} names the file '{file.Path}', which lies outside its folder.");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var part = target + ".part";
            try
            {
                await using (var stream = File.Create(part)) await CopyVerifiedAsync(artifact, file, stream, cancellationToken);
                File.Move(part, target, overwrite: true);
            }
            finally
            {
                File.Delete(part);
            }
        }
    }

    /// <summary>Reads everything of an artifact and returns a sentence for each file that is missing or changed; empty when all is well.</summary>
    public async Task<IReadOnlyList<string>> VerifyAsync(ArtifactRef artifact, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        try
        {
            foreach (var file in (await ManifestAsync(artifact, cancellationToken)).Files)
            {
                try
                {
                    await CopyVerifiedAsync(artifact, file, Stream.Null, cancellationToken);
                }
                catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
                {
                    problems.Add(e.Message);
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            problems.Add(e.Message);
        }
        return problems;
    }

    /// <summary>Every artifact of this store, by kind and hash.</summary>
    public async Task<IReadOnlyList<ArtifactRef>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await objects.ListAsync("manifests/", cancellationToken)).Select(RefOf)];

    /// <summary>
    /// One file of an artifact as a stream that is at its start and can be read again: the whole file was read and checked before. A large one
    /// lies in a temporary file meanwhile, which goes with the stream.
    /// </summary>
    public async Task<Stream> OpenFileAsync(ArtifactRef artifact, ManifestFile file, CancellationToken cancellationToken)
    {
        Stream checkedContent = file.Size <= SmallFile
            ? new MemoryStream()
            : new FileStream(Path.Combine(Path.GetTempPath(), $"rlhf-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        try
        {
            await CopyVerifiedAsync(artifact, file, checkedContent, cancellationToken);
            checkedContent.Position = 0;
            return checkedContent;
        }
        catch
        {
            await checkedContent.DisposeAsync();
            throw;
        }
    }

    async Task<ManifestFile> PutBlobAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        var size = content.Length;
        content.Position = 0;
        await objects.TryCreateAsync(BlobName(hash), content, cancellationToken);
        return new(path, size, hash);
    }

    internal async Task<ArtifactRef> PutManifestAsync(ContentManifest manifest, CancellationToken cancellationToken)
    {
        await objects.TryCreateAsync(ManifestName(manifest.Ref), manifest.ToBytes(), cancellationToken);
        return manifest.Ref;
    }

    async Task CopyVerifiedAsync(ArtifactRef artifact, ManifestFile file, Stream target, CancellationToken cancellationToken)
    {
        await using var source = await objects.OpenAsync(BlobName(file.Sha256), cancellationToken)
            ?? throw new ArtifactNotFoundException($"{artifact} lacks its file '{file.Path}' ({file.Sha256[..12]}…) in this store.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Sha256)
            throw new InvalidDataException($"{artifact}, file '{file.Path}', does not match its hash {file.Sha256[..12]}…; the store was changed from outside.");
    }

    internal static string BlobName(string hash) => $"blobs/sha256/{hash[..2]}/{hash}";

    static string ManifestName(ArtifactRef artifact) => $"{Manifests}{artifact}.json";

    internal static ArtifactRef RefOf(string manifestName) => ArtifactRef.Parse(manifestName[Manifests.Length..^".json".Length]);
}

/// <summary>An artifact or one of its files is not in the store that was asked.</summary>
public sealed class ArtifactNotFoundException(string message) : Exception(message);
