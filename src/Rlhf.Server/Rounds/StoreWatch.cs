using Rlhf.Reports.Rounds;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Rounds;

/// <summary>A training as far as it is known: by its committed metrics, and before that by those of its newest checkpoint.</summary>
/// <param name="Update">The last one that is known.</param>
public sealed record WatchedTraining(IReadOnlyList<Curve> Curves, int Update);

/// <summary>
/// Step records and checkpoints of the store for whoever looks at rounds: a record never changes and is read once, and however many look, the store is
/// asked once a second at most.
/// </summary>
sealed class StoreWatch(Site site) : IDisposable
{
    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    readonly SemaphoreSlim _one = new(1);
    readonly Dictionary<string, StepRecord> _records = new(StringComparer.Ordinal);
    readonly RunningSteps _steps = new(site.Runtime.Objects);
    IReadOnlyList<RunningStep> _running = [];
    IReadOnlyList<StepRecord> _all = [];
    DateTimeOffset? _looked;

    IObjectStore Objects => site.Runtime.Objects;

    public async Task<IReadOnlyList<StepRecord>> RecordsAsync(CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        return _all;
    }

    /// <summary>The PPO training of an instance; null where there is none yet.</summary>
    public async Task<WatchedTraining?> TrainingAsync(string instance, CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        var lines = new List<MetricLine>();
        foreach (var record in _all.Where(r => r.Instance == instance && r is { Step: nameof(TrainPolicy), Journal: not null }).OrderBy(r => r.FinishedAt))
            lines.AddRange(await MetricJournal.ReadAsync(Objects, record.Journal!, cancellationToken));
        foreach (var step in _running.Where(s => s.Start.Instance == instance && s.Start.Step == nameof(TrainPolicy))) lines.AddRange(step.Lines);
        return lines.Count == 0 ? null : new(TrainingCurves.Of(lines), lines.Max(l => l.Update));
    }

    async Task LookAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_looked is { } before && site.Time.GetUtcNow() - before < Fresh) return;
            var names = (await Objects.ListAsync("records/", cancellationToken)).Where(n => !_records.ContainsKey(n)).ToList();
            foreach (var name in names)
            {
                if (await Objects.ReadAsync(name, cancellationToken) is { } bytes) _records[name] = CanonicalJson.Deserialize<StepRecord>(bytes, name);
            }
            if (names.Count > 0) _all = [.. _records.Values];
            var (finished, unreadable) = (_all.Select(r => r.Key).ToHashSet(), new List<string>());
            _running = await _steps.ListAsync(finished.Contains, unreadable, cancellationToken);
            foreach (var sentence in unreadable) site.Log($"A running step is not shown: {sentence}");
            _looked = site.Time.GetUtcNow();
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
