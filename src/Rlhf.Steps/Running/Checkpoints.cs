using System.Security.Cryptography;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>The newest state a step left behind: its number and its files.</summary>
public sealed record Checkpoint(int Number, IReadOnlyDictionary<string, byte[]> Files);

/// <summary>
/// A step's checkpoints, in the same store as the artifacts: files below <c>checkpoints/key/epoch/</c>, then the pointer that makes them one.
/// The metric lines written so far are one of the files, so that a resume goes back to exactly the lines that the checkpoint covers. A
/// writer removes only what a whole checkpoint of its own supersedes, never anything of a later epoch: one that was taken over and
/// still computes can do no harm. Instances that compute the same pure step share its key, not their epochs: who resumes saves under the
/// epoch of what it resumed where that is higher than its own, and among the writers of one epoch the highest number is the newest. All are
/// removed once the step record stands.
/// </summary>
public sealed class Checkpoints(
    IObjectStore objects, string key, int epoch, MetricJournal journal, TimeProvider time, TimeSpan interval, CancellationToken drain = default)
{
    const string JournalFile = "journal.jsonl";

    sealed record Pointer(int Number, IReadOnlyList<ManifestFile> Files);

    DateTimeOffset _last = time.GetUtcNow();
    int _epoch = epoch;

    /// <summary>Tells this writer's objects from every other's; drawn, since it only has to differ.</summary>
    internal ulong Attempt { get; init; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    /// <summary>True when the interval since the last checkpoint has passed (zero: always), and while the worker is being drained.</summary>
    public bool Due => drain.IsCancellationRequested || time.GetUtcNow() - _last >= interval;

    /// <summary>Requested when the step is to stop at its next checkpoint; <see cref="SaveAsync"/> then throws after it has saved.</summary>
    public CancellationToken Drain => drain;

    /// <summary>The newest whole checkpoint of all epochs, or null; the journal is set back to its lines, and what is saved from now on supersedes it.</summary>
    /// <exception cref="InvalidDataException">A file of it is missing or does not match its hash.</exception>
    public async Task<Checkpoint?> LoadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pointers = (await EntriesAsync(cancellationToken)).Where(e => e.IsPointer).Select(e => e.Place).ToList();
            if (pointers.Count == 0) return null;
            // Null: superseded by another writer while it was read; so there is a newer one, or the record stands.
            if (await TryReadAsync(pointers.Max(), cancellationToken) is { } checkpoint) return checkpoint;
        }
    }

    async Task<Checkpoint?> TryReadAsync(CheckpointPlace place, CancellationToken cancellationToken)
    {
        if (await objects.ReadAsync(Folder + place.Pointer, cancellationToken) is not { } bytes) return null;
        var pointer = CanonicalJson.Deserialize<Pointer>(bytes, Folder + place.Pointer);
        var files = new Dictionary<string, byte[]>();
        foreach (var file in pointer.Files)
        {
            if (await objects.ReadAsync(Folder + place.File(file.Sha256), cancellationToken) is not { } content)
            {
                // A writer removes the pointer before its files: where the pointer stands, the file is really missing.
                if (await objects.ReadAsync(Folder + place.Pointer, cancellationToken) is null) return null;
                throw new InvalidDataException($"Checkpoint {pointer.Number} of step {key[..12]}… lacks its file '{file.Path}'.");
            }
            if (Convert.ToHexStringLower(SHA256.HashData(content)) != file.Sha256)
                throw new InvalidDataException($"Checkpoint {pointer.Number} of step {key[..12]}…: file '{file.Path}' does not match its hash.");
            files[file.Path] = content;
        }
        if (!files.Remove(JournalFile, out var lines))
            throw new InvalidDataException($"Checkpoint {pointer.Number} of step {key[..12]}… names no file '{JournalFile}'; expected one.");
        journal.Restore(lines);
        // Below the epoch of what was resumed, all that is saved would be older than it: found by nobody, lost with the next kill.
        _epoch = Math.Max(_epoch, place.Epoch);
        return new(pointer.Number, files);
    }

    /// <summary>Saves the state under a number greater than every earlier one.</summary>
    /// <exception cref="StepDrainedException">Saved, and the worker is being drained: the step is to stop here.</exception>
    public async Task SaveAsync(int number, IReadOnlyDictionary<string, byte[]> files, CancellationToken cancellationToken)
    {
        var place = new CheckpointPlace(_epoch, number, Attempt);
        var stored = new List<ManifestFile>();
        foreach (var (path, content) in files.Append(new(JournalFile, journal.ToBytes())))
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(content));
            await objects.TryCreateAsync(Folder + place.File(hash), content, cancellationToken);
            stored.Add(new(path, content.Length, hash));
        }
        await objects.TryCreateAsync(Folder + place.Pointer, CanonicalJson.Serialize(new Pointer(number, stored)), cancellationToken);
        _last = time.GetUtcNow();
        await RemoveAsync(other => other.CompareTo(place) < 0, cancellationToken);
        if (drain.IsCancellationRequested)
            throw new StepDrainedException($"Step {key[..12]}… stopped at its checkpoint {number}, since its worker is being drained.", drain);
    }

    internal Task RemoveAllAsync(CancellationToken cancellationToken) => RemoveAsync(_ => true, cancellationToken);

    async Task RemoveAsync(Predicate<CheckpointPlace> which, CancellationToken cancellationToken)
    {
        // Pointers before files, and the oldest first: what can still be found as the newest is whole at every moment.
        foreach (var (name, _, _) in (await EntriesAsync(cancellationToken)).Where(e => which(e.Place)).OrderByDescending(e => e.IsPointer).ThenBy(e => e.Place))
            await objects.DeleteAsync(name, cancellationToken);
    }

    async Task<IEnumerable<(string Name, CheckpointPlace Place, bool IsPointer)>> EntriesAsync(CancellationToken cancellationToken) =>
        from name in await objects.ListAsync(Folder, cancellationToken)
        let entry = CheckpointPlace.Parse(name[Folder.Length..])
        where entry is not null
        select (name, entry.Value.Place, entry.Value.IsPointer);

    string Folder => $"checkpoints/{key}/";
}
