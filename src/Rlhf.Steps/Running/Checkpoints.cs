using System.Security.Cryptography;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>The newest state a step left behind: its number and its files, in the order in which they were saved.</summary>
/// <param name="Number">The number it was saved under.</param>
/// <param name="Files">Each is read, and checked, when it is asked for, so that a large state is not in memory as a whole; to be disposed of.</param>
public sealed record Checkpoint(int Number, IEnumerable<KeyValuePair<string, Stream>> Files)
{
    /// <summary>The bytes of a checkpoint of one small file.</summary>
    public byte[] Bytes()
    {
        using var content = Files.Single().Value;
        var bytes = new byte[content.Length];
        content.ReadExactly(bytes);
        return bytes;
    }
}

/// <summary>
/// A step's checkpoints, in the same store as the artifacts: files below <c>checkpoints/key/epoch/</c>, then the pointer that makes them one.
/// The metric lines written so far are one of the files, so that a resume goes back to exactly the lines that the checkpoint covers. A
/// writer removes only what a whole checkpoint of its own supersedes, never anything of a later epoch: one that was taken over and
/// still computes can do no harm. Instances that compute the same pure step share its key, not their epochs: who resumes saves under the
/// epoch of what it resumed where that is higher than its own, and among the writers of one epoch the highest number is the newest. All are
/// removed once the step record stands, with what tells who began the step (<see cref="StepStart"/>).
/// </summary>
public sealed class Checkpoints(
    IObjectStore objects, string key, int epoch, MetricJournal journal, TimeProvider time, TimeSpan interval, CancellationToken drain = default)
{
    const int MostPause = 9;

    readonly CheckpointFiles _files = new(objects, key);
    DateTimeOffset _last = time.GetUtcNow();
    TimeSpan _pause;
    int _epoch = epoch;
    bool _startTold;

    /// <summary>Tells this writer's objects from every other's; drawn, since it only has to differ.</summary>
    internal ulong Attempt { get; init; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    /// <summary>Told with the first checkpoint, so that others can show the step while it runs; null: nothing is told.</summary>
    internal StepStart? Start { get; init; }

    /// <summary>
    /// True when the interval since the last checkpoint has passed (zero: always), and while the worker is being drained. A checkpoint that takes long
    /// comes more rarely, so that a large training spends a tenth of its time on them at most.
    /// </summary>
    public bool Due => drain.IsCancellationRequested || time.GetUtcNow() - _last >= (interval > TimeSpan.Zero && _pause > interval ? _pause : interval);

    /// <summary>Requested when the step is to stop at its next checkpoint; <see cref="SaveAsync"/> then throws after it has saved.</summary>
    public CancellationToken Drain => drain;

    /// <summary>The newest whole checkpoint of all epochs, or null; the journal is set back to its lines, and what is saved from now on supersedes it.</summary>
    /// <exception cref="InvalidDataException">A file of it, also one that is asked for later, is missing or does not match its hash.</exception>
    /// <exception cref="IOException">A file is asked for after another writer of the same step has superseded the checkpoint: a later try reads the newer one.</exception>
    public async Task<Checkpoint?> LoadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pointers = Entries(await objects.ListAsync(Folder, cancellationToken)).Where(e => e.IsPointer).Select(e => e.Place).ToList();
            if (pointers.Count == 0) return null;
            // Null: superseded by another writer while it was read; so there is a newer one, or the record stands.
            if (await TryReadAsync(pointers.Max(), cancellationToken) is { } checkpoint) return checkpoint;
        }
    }

    async Task<Checkpoint?> TryReadAsync(CheckpointPlace place, CancellationToken cancellationToken)
    {
        if (await _files.PointerAsync(place, cancellationToken) is not { } pointer) return null;
        var lines = pointer.Files.FirstOrDefault(f => f.Path == CheckpointFiles.Journal)
            ?? throw new InvalidDataException($"{_files.Of(pointer)} names no file '{CheckpointFiles.Journal}'; expected one.");
        if (await _files.ReadAsync(place, pointer, lines, cancellationToken) is not { } content) return null;
        journal.Restore(content);
        // Below the epoch of what was resumed, all that is saved would be older than it: found by nobody, lost with the next kill.
        _epoch = Math.Max(_epoch, place.Epoch);
        return new(pointer.Number, pointer.Files.Where(f => f != lines).Select(f => KeyValuePair.Create(f.Path, Open(place, pointer, f, cancellationToken))));
    }

    // A trainer takes files in as it computes, without awaiting anything; there is no thread to keep free meanwhile.
    Stream Open(CheckpointPlace place, CheckpointPointer pointer, ManifestFile file, CancellationToken cancellationToken) =>
        Task.Run(() => _files.OpenAsync(place, pointer, file, cancellationToken), cancellationToken).GetAwaiter().GetResult()
        ?? throw new IOException($"{_files.Of(pointer)} was superseded while it was read.");

    /// <inheritdoc cref="SaveAsync(int, IEnumerable{KeyValuePair{string, Stream}}, CancellationToken)"/>
    public Task SaveAsync(int number, IReadOnlyDictionary<string, byte[]> files, CancellationToken cancellationToken) =>
        SaveAsync(number, files.Select(f => KeyValuePair.Create(f.Key, (Stream)new MemoryStream(f.Value, writable: false))), cancellationToken);

    /// <summary>
    /// Saves the state under a number greater than every earlier one; each file, a stream that can seek, is asked for when the one before it has been
    /// stored, and disposed of.
    /// </summary>
    /// <exception cref="StepDrainedException">Saved, and the worker is being drained: the step is to stop here.</exception>
    public async Task SaveAsync(int number, IEnumerable<KeyValuePair<string, Stream>> files, CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        var place = new CheckpointPlace(_epoch, number, Attempt);
        var stored = new List<ManifestFile>();
        foreach (var (path, content) in files.Append(new(CheckpointFiles.Journal, new MemoryStream(journal.ToBytes()))))
        {
            await using (content)
            {
                var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
                content.Position = 0;
                await objects.TryCreateAsync(Folder + place.File(hash), content, cancellationToken);
                stored.Add(new(path, content.Length, hash));
            }
        }
        await TellStartAsync(cancellationToken);
        await objects.TryCreateAsync(Folder + place.Pointer, CanonicalJson.Serialize(new CheckpointPointer(number, stored)), cancellationToken);
        _last = time.GetUtcNow();
        _pause = (_last - began) * MostPause;
        await RemoveAsync(await objects.ListAsync(Folder, cancellationToken), other => other.CompareTo(place) < 0, cancellationToken);
        if (drain.IsCancellationRequested)
            throw new StepDrainedException($"Step {key[..12]}… stopped at its checkpoint {number}, since its worker is being drained.", drain);
    }

    internal async Task RemoveAllAsync(CancellationToken cancellationToken)
    {
        var names = await objects.ListAsync(Folder, cancellationToken);
        await RemoveAsync(names, _ => true, cancellationToken);
        foreach (var start in names.Where(n => n.StartsWith(_files.Starts, StringComparison.Ordinal))) await objects.DeleteAsync(start, cancellationToken);
    }

    async Task TellStartAsync(CancellationToken cancellationToken)
    {
        if (Start is null || _startTold) return;
        await objects.TryCreateAsync(_files.StartOf(Start.Instance), CanonicalJson.Serialize(Start), cancellationToken);
        _startTold = true;
    }

    async Task RemoveAsync(IEnumerable<string> names, Predicate<CheckpointPlace> which, CancellationToken cancellationToken)
    {
        // Pointers before files, and the oldest first: what can still be found as the newest is whole at every moment.
        foreach (var (name, _, _) in Entries(names).Where(e => which(e.Place)).OrderByDescending(e => e.IsPointer).ThenBy(e => e.Place))
            await objects.DeleteAsync(name, cancellationToken);
    }

    IEnumerable<(string Name, CheckpointPlace Place, bool IsPointer)> Entries(IEnumerable<string> names) =>
        from name in names
        let entry = CheckpointPlace.Parse(name[Folder.Length..])
        where entry is not null
        select (name, entry.Value.Place, entry.Value.IsPointer);

    string Folder => _files.Folder;
}
