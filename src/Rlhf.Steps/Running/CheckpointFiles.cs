using System.Security.Cryptography;
using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>What makes files a checkpoint: its number, and each file with its hash.</summary>
sealed record CheckpointPointer(int Number, IReadOnlyList<ManifestFile> Files);

/// <summary>The names and contents below <c>checkpoints/key/</c>.</summary>
sealed class CheckpointFiles(IObjectStore objects, string key)
{
    const long InMemory = 1 << 20;

    /// <summary>The file of the metric lines that a checkpoint covers.</summary>
    public const string Journal = "journal.jsonl";

    public string Folder => $"checkpoints/{key}/";

    /// <summary>Where the starts of the step lie, which are no checkpoint's.</summary>
    public string Starts => $"{Folder}starts/";

    /// <summary>Where an instance tells that it began the step.</summary>
    public string StartOf(string instance) => $"{Starts}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(instance)))[..16]}.json";

    /// <summary>The checkpoint at a place; null where it was superseded, or the record stands.</summary>
    public async Task<CheckpointPointer?> PointerAsync(CheckpointPlace place, CancellationToken cancellationToken) =>
        await objects.ReadAsync(Folder + place.Pointer, cancellationToken) is { } bytes
            ? CanonicalJson.Deserialize<CheckpointPointer>(bytes, Folder + place.Pointer)
            : null;

    /// <summary>One file of a checkpoint, checked, as a stream that can seek; null where the checkpoint was superseded while it was read.</summary>
    /// <exception cref="InvalidDataException">The file is missing or does not match its hash.</exception>
    public async Task<Stream?> OpenAsync(CheckpointPlace place, CheckpointPointer pointer, ManifestFile file, CancellationToken cancellationToken)
    {
        await using var content = await objects.OpenAsync(Folder + place.File(file.Sha256), cancellationToken);
        if (content is null)
        {
            // A writer removes the pointer before its files: where the pointer stands, the file is really missing.
            if (await objects.ReadAsync(Folder + place.Pointer, cancellationToken) is null) return null;
            throw new InvalidDataException($"{Of(pointer)} lacks its file '{file.Path}'.");
        }
        // What has not been checked is not given on, so a large file waits on the disk.
        Stream copy = file.Size <= InMemory ? new MemoryStream() : Unnamed();
        try
        {
            await content.CopyToAsync(copy, cancellationToken);
            copy.Position = 0;
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(copy, cancellationToken));
            copy.Position = 0;
            return hash == file.Sha256 ? copy : throw new InvalidDataException($"{Of(pointer)}: file '{file.Path}' does not match its hash.");
        }
        catch
        {
            await copy.DisposeAsync();
            throw;
        }
    }

    /// <summary>A file on the disk that is gone with this process, however it ends.</summary>
    static FileStream Unnamed()
    {
        var path = Path.Combine(Path.GetTempPath(), $"rlhf-{Path.GetRandomFileName()}");
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, 1 << 16, FileOptions.DeleteOnClose);
        // Where an open file may lose its name it does so at once; Windows removes it when the last handle is closed, at a kill too.
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }

    /// <summary>All bytes of a small file of a checkpoint, as <see cref="OpenAsync"/> gives it.</summary>
    public async Task<byte[]?> ReadAsync(CheckpointPlace place, CheckpointPointer pointer, ManifestFile file, CancellationToken cancellationToken)
    {
        await using var content = await OpenAsync(place, pointer, file, cancellationToken);
        if (content is null) return null;
        var bytes = new byte[content.Length];
        await content.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    /// <summary>A checkpoint in the words of a sentence.</summary>
    public string Of(CheckpointPointer pointer) => $"Checkpoint {pointer.Number} of step {key[..Math.Min(12, key.Length)]}…";
}
