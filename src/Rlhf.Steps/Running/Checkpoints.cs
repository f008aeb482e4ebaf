using System.Globalization;
using System.Security.Cryptography;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>The newest state a step left behind: its number and its files.</summary>
public sealed record Checkpoint(int Number, IReadOnlyDictionary<string, byte[]> Files);

/// <summary>
/// A step's checkpoints, in the same store as the artifacts: files by hash below <c>checkpoints/key/</c>, then the pointer
/// <c>checkpoints/key/number.json</c> that makes them one. The metric lines written so far are one of the files, so that a resume goes
/// back to exactly the lines that the checkpoint covers. Superseded ones are removed, all of them once the step record stands.
/// </summary>
public sealed class Checkpoints(IObjectStore objects, string key, MetricJournal journal, TimeProvider time, TimeSpan interval)
{
    const string JournalFile = "journal.jsonl";

    sealed record Pointer(int Number, IReadOnlyList<ManifestFile> Files);

    DateTimeOffset _last = time.GetUtcNow();

    /// <summary>True when the interval since the last checkpoint has passed (zero: always).</summary>
    public bool Due => time.GetUtcNow() - _last >= interval;

    /// <summary>The newest whole checkpoint, or null; the journal is set back to its lines.</summary>
    public async Task<Checkpoint?> LoadAsync(CancellationToken cancellationToken)
    {
        var pointers = (await objects.ListAsync(Folder, cancellationToken)).Where(n => n.EndsWith(".json", StringComparison.Ordinal)).ToList();
        if (pointers.Count == 0) return null;
        var pointer = CanonicalJson.Deserialize<Pointer>((await objects.ReadAsync(pointers[^1], cancellationToken))!, pointers[^1]);
        var files = new Dictionary<string, byte[]>();
        foreach (var file in pointer.Files)
        {
            var bytes = await objects.ReadAsync(Folder + file.Sha256, cancellationToken)
                ?? throw new InvalidDataException($"Checkpoint {pointer.Number} of step {key[..12]}… lacks its file '{file.Path}'.");
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != file.Sha256)
                throw new InvalidDataException($"Checkpoint {pointer.Number} of step {key[..12]}…: file '{file.Path}' does not match its hash.");
            files[file.Path] = bytes;
        }
        journal.Restore(files[JournalFile]);
        files.Remove(JournalFile);
        return new(pointer.Number, files);
    }

    /// <summary>Saves the state under a number greater than every earlier one.</summary>
    public async Task SaveAsync(int number, IReadOnlyDictionary<string, byte[]> files, CancellationToken cancellationToken)
    {
        var stored = new List<ManifestFile>();
        foreach (var (path, content) in files.Append(new(JournalFile, journal.ToBytes())))
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(content));
            await objects.TryCreateAsync(Folder + hash, content, cancellationToken);
            stored.Add(new(path, content.Length, hash));
        }
        var name = Folder + number.ToString("D8", CultureInfo.InvariantCulture) + ".json";
        await objects.TryCreateAsync(name, CanonicalJson.Serialize(new Pointer(number, stored)), cancellationToken);
        _last = time.GetUtcNow();

        var keep = stored.Select(f => Folder + f.Sha256).Append(name).ToHashSet();
        await RemoveAsync(n => !keep.Contains(n), cancellationToken);
    }

    internal Task RemoveAllAsync(CancellationToken cancellationToken) => RemoveAsync(_ => true, cancellationToken);

    async Task RemoveAsync(Func<string, bool> which, CancellationToken cancellationToken)
    {
        // Pointers first: a pointer without its files would be a checkpoint that cannot be read.
        foreach (var name in (await objects.ListAsync(Folder, cancellationToken)).Where(which).OrderByDescending(n => n.EndsWith(".json", StringComparison.Ordinal)))
            await objects.DeleteAsync(name, cancellationToken);
    }

    string Folder => $"checkpoints/{key}/";
}
