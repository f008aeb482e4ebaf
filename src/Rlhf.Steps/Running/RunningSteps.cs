using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>A step as its newest whole checkpoint has it: who began it last, and the metric lines that the checkpoint covers, null for none.</summary>
public sealed record RunningStep(StepStart Start, JournalRef? Journal, IReadOnlyList<MetricLine> Lines);

/// <summary>
/// The steps of a store that left a checkpoint, looked for again and again; a checkpoint is read once. One that was taken over may have fewer
/// lines than the look before found: what a resume computes again stands there with new times.
/// </summary>
public sealed class RunningSteps(IObjectStore objects)
{
    readonly Dictionary<string, (CheckpointPlace Place, RunningStep Step)> _newest = [];

    /// <summary>Those that <paramref name="isFinished"/> does not know by their key; a sentence for each that cannot be read goes to <paramref name="unreadable"/>.</summary>
    public async Task<IReadOnlyList<RunningStep>> ListAsync(Predicate<string> isFinished, ICollection<string> unreadable, CancellationToken cancellationToken)
    {
        var running = new List<RunningStep>();
        var names = (await objects.ListAsync("checkpoints/", cancellationToken)).ToLookup(n => n.Split('/')[1]);
        foreach (var step in names.Where(s => !isFinished(s.Key)))
        {
            try
            {
                if (await FindAsync(step.Key, [.. step], cancellationToken) is { } found) running.Add(found);
            }
            catch (InvalidDataException e)
            {
                unreadable.Add(e.Message);
            }
        }
        foreach (var gone in _newest.Keys.Where(key => !names.Contains(key) || isFinished(key)).ToList()) _newest.Remove(gone);
        return running;
    }

    async Task<RunningStep?> FindAsync(string key, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var files = new CheckpointFiles(objects, key);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var starts = names.Where(n => n.StartsWith(files.Starts, StringComparison.Ordinal)).ToList();
            var places = names.Select(n => CheckpointPlace.Parse(n[files.Folder.Length..])).Where(e => e is { IsPointer: true }).Select(e => e!.Value.Place).ToList();
            // Without a start it is a step that an earlier version of the product runs.
            if (starts.Count == 0 || places.Count == 0) return null;
            if (await ReadAsync(files, key, places.Max(), starts, cancellationToken) is { } step) return step;
            // Superseded by another checkpoint while it was read, or the record stands.
            names = await objects.ListAsync(files.Folder, cancellationToken);
        }
    }

    async Task<RunningStep?> ReadAsync(CheckpointFiles files, string key, CheckpointPlace place, List<string> starts, CancellationToken cancellationToken)
    {
        if (_newest.TryGetValue(key, out var known) && known.Place == place) return known.Step;
        if (await files.PointerAsync(place, cancellationToken) is not { } pointer) return null;
        var journal = pointer.Files.FirstOrDefault(f => f.Path == CheckpointFiles.Journal)
            ?? throw new InvalidDataException($"{files.Of(pointer)} names no file '{CheckpointFiles.Journal}'; expected one.");
        if (await files.ReadAsync(place, pointer, journal, cancellationToken) is not { } bytes) return null;
        var lines = JsonLines.Deserialize<MetricLine>(bytes, $"the journal of {files.Of(pointer)}");
        if (await StartAsync(key, starts, cancellationToken) is not { } start) return null;
        var step = new RunningStep(start, lines.Count == 0 ? null : new(journal.Sha256, lines.Count), lines);
        _newest[key] = (place, step);
        return step;
    }

    // Of several instances that computed the step the one that began last: the others may be over.
    async Task<StepStart?> StartAsync(string key, List<string> names, CancellationToken cancellationToken)
    {
        var starts = new List<StepStart>();
        foreach (var name in names)
        {
            if (await objects.ReadAsync(name, cancellationToken) is not { } bytes) return null;
            var start = CanonicalJson.Deserialize<StepStart>(bytes, name);
            if (start is not { Step: not null, ProductVersion: not null, Instance: not null, Activity: not null, Inputs: not null, Hparams: not null } || start.Key != key)
                throw new InvalidDataException($"{name} lacks a field or is of another step; expected the whole start of step {key}.");
            starts.Add(start);
        }
        return starts.OrderBy(s => s.StartedAt).ThenBy(s => s.Instance, StringComparer.Ordinal).Last();
    }
}
