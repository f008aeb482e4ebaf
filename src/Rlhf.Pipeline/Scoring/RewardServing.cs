using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>What a model is called, and what it is: an artifact, or a name that may come to mean another one.</summary>
public sealed record ServedName(string Name, string Reference);

/// <summary>
/// Reward models in memory behind names. A name that comes to mean another artifact is followed: the new model is loaded beside the old one, requests that were under way
/// end on the old one, and who asks for the old artifact by its hash is answered until nobody has for a while.
/// </summary>
public sealed class RewardServing : IRewardServing, IAsyncDisposable
{
    readonly IReadOnlyList<ServedName> _names;
    readonly IObjectStore _objects;
    readonly Func<string, CancellationToken, Task<ArtifactRef>> _resolve;
    readonly ServingOptions _options;
    readonly TimeProvider _time;
    readonly ServingMeter _meter;
    readonly Action<string> _log;
    readonly Lock _gate = new();
    readonly Dictionary<string, ServedModel> _byName = [];
    // Whose name moved on, and what was loaded for who asked for it.
    readonly List<ServedModel> _byHash = [];
    readonly SemaphoreSlim _loading = new(1);
    readonly CancellationTokenSource _stop = new();
    Task _watch = Task.CompletedTask;

    RewardServing(
        IReadOnlyList<ServedName> names, IObjectStore objects, Func<string, CancellationToken, Task<ArtifactRef>> resolve, ServingOptions options, TimeProvider time,
        ServingMeter meter, Action<string> log)
    {
        (_names, _objects, _resolve, _options, _time, _meter, _log) = (names, objects, resolve, options, time, meter, log);
        meter.Waiting(() => Models.DistinctBy(m => m.Model).Select(m => new System.Diagnostics.Metrics.Measurement<long>(Find($"{m.Model}")?.Waiting ?? 0, new KeyValuePair<string, object?>("model", m.Model.Short))));
    }

    /// <summary>Loads the models and checks that each gives finite scores.</summary>
    /// <param name="names">At least one, each name once.</param>
    /// <param name="resolve">What a reference means at the moment.</param>
    /// <param name="log">Takes a line about each model that came or could not.</param>
    /// <exception cref="ArgumentException">A name stands twice, or a reference leads to no reward model.</exception>
    /// <exception cref="InvalidDataException">A model's files are damaged, or its scores are not finite.</exception>
    public static async Task<RewardServing> OpenAsync(
        IReadOnlyList<ServedName> names, IObjectStore objects, Func<string, CancellationToken, Task<ArtifactRef>> resolve, ServingOptions options, TimeProvider time,
        ServingMeter meter, Action<string> log, CancellationToken cancellationToken)
    {
        if (names.Count == 0 && options.OnDemand == 0) throw new ArgumentException("No model was named, and none is loaded on demand; expected at least one reward model to serve.");
        if (names.CountBy(n => n.Name).FirstOrDefault(n => n.Value > 1) is { Value: > 1 } twice) throw new ArgumentException($"The name '{twice.Key}' stands for {twice.Value} models; expected each name once.");
        var serving = new RewardServing(names, objects, resolve, options, time, meter, log);
        try
        {
            foreach (var name in names) await serving.TakeAsync(name, await resolve(name.Reference, cancellationToken), cancellationToken);
        }
        catch
        {
            await serving.DisposeAsync();
            throw;
        }
        serving._watch = Task.Run(serving.WatchAsync, CancellationToken.None);
        return serving;
    }

    public IReadOnlyList<ServedModelInfo> Models
    {
        get
        {
            lock (_gate) return [.. _names.Where(n => _byName.ContainsKey(n.Name)).Select(n => Info(n.Name, _byName[n.Name]))];
        }
    }

    public bool IsReady => !_stop.IsCancellationRequested;

    public async Task<RewardScores> ScoreAsync(ScoringRequest request, CancellationToken cancellationToken)
    {
        if (request.Texts.Count == 0) throw new ScoringRefusedException(ScoringRefusal.Unscorable, "There are 0 texts to score; expected at least one.");
        var begun = _time.GetTimestamp();
        _meter.Requests.Add(1);
        try
        {
            return await AskAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or ScoringRefusedException { Reason: ScoringRefusal.TooLate })
        {
            _meter.Late.Add(1);
            throw;
        }
        finally
        {
            _meter.RequestSeconds.Record(_time.GetElapsedTime(begun).TotalSeconds);
        }
    }

    /// <summary>Looks at once whether a name means another artifact by now.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var name in _names.Where(n => References.IsReference(n.Reference)))
        {
            try
            {
                await TakeAsync(name, await _resolve(name.Reference, cancellationToken), cancellationToken);
            }
            catch (Exception e) when (e is ArgumentException or InvalidDataException or IOException or ArtifactNotFoundException or NotFiniteNumberException)
            {
                _log($"{name.Name} stays as it is: {e.Message}");
            }
        }
        List<ServedModel> idle;
        lock (_gate)
        {
            idle = [.. _byHash.Where(m => m.Idle > _options.Retire)];
            _byHash.RemoveAll(idle.Contains);
        }
        foreach (var model in idle)
        {
            model.Retire();
            _log($"{model.Artifact.Short} was not asked for {_options.Retire.TotalMinutes:0.#} minutes and is not served any more.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch;
        List<ServedModel> all;
        lock (_gate)
        {
            all = [.. _byName.Values.Concat(_byHash).Distinct()];
            _byName.Clear();
            _byHash.Clear();
        }
        foreach (var model in all) model.Dispose();
        _stop.Dispose();
        _loading.Dispose();
    }

    async Task<RewardScores> AskAsync(ScoringRequest request, CancellationToken cancellationToken)
    {
        var model = Find(request.Model) ?? await OnDemandAsync(request.Model, cancellationToken) ?? throw Unknown(request.Model);
        try
        {
            return await model.ScoreAsync(request, cancellationToken);
        }
        // It was taken away between the two lines above: what the name means now answers.
        catch (ScoringRefusedException e) when (e.Reason == ScoringRefusal.Stopping && Find(request.Model) is { } other && other != model)
        {
            return await other.ScoreAsync(request, cancellationToken);
        }
    }

    /// <summary>The reward model of that hash, loaded now where the store has it and there may be such; null where not.</summary>
    async Task<ServedModel?> OnDemandAsync(string model, CancellationToken cancellationToken)
    {
        if (_options.OnDemand == 0 || !IsRewardModel(model)) return null;
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (Find(model) is { } loaded) return loaded;
            var asked = await LoadAsync(ArtifactRef.Parse(model), cancellationToken);
            List<ServedModel> leaving;
            lock (_gate)
            {
                _byHash.Add(asked);
                leaving = [.. _byHash.OrderBy(m => m.Idle).Skip(_options.OnDemand)];
                _byHash.RemoveAll(leaving.Contains);
            }
            foreach (var old in leaving) old.Retire();
            _log($"{asked.Artifact.Short} was asked for and is served.");
            return asked;
        }
        catch (Exception e) when (e is ArtifactNotFoundException or InvalidDataException)
        {
            throw new ScoringRefusedException(ScoringRefusal.UnknownModel, e.Message, e);
        }
        finally
        {
            _loading.Release();
        }
    }

    static bool IsRewardModel(string model)
    {
        try
        {
            return ArtifactRef.Parse(model).Kind == "reward-model";
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    async Task TakeAsync(ServedName name, ArtifactRef artifact, CancellationToken cancellationToken)
    {
        ServedModel? known;
        lock (_gate)
        {
            if (_byName.TryGetValue(name.Name, out var now) && now.Artifact == artifact) return;
            known = _byName.Values.Concat(_byHash).FirstOrDefault(m => m.Artifact == artifact);
        }
        var model = known ?? await LoadAsync(artifact, cancellationToken);
        lock (_gate)
        {
            _byHash.Remove(model);
            _byName.TryGetValue(name.Name, out var old);
            _byName[name.Name] = model;
            if (old is null) return;
            if (!_byName.ContainsValue(old)) _byHash.Add(old);
        }
        _meter.Swaps.Add(1);
        _log($"{name.Name} is {artifact.Short} from now on.");
    }

    async Task<ServedModel> LoadAsync(ArtifactRef artifact, CancellationToken cancellationToken)
    {
        var members = await new ArtifactStore(_objects).LoadRewardModelsAsync(artifact, cancellationToken);
        try
        {
            // Before anything else: where even float32 gives no numbers there is nothing to compare with.
            var whole = new LoadedRewardModel(artifact, members, _options.ThreadsOfPass, _time);
            (members, var precision) = Precisions.Apply(_options.Precision, members, _log);
            return new(precision == Precision.Float32 ? whole : new(artifact, members, _options.ThreadsOfPass, _time), precision, _options, _time, _meter);
        }
        catch
        {
            foreach (var member in members) member.Dispose();
            throw;
        }
    }

    ServedModel? Find(string model)
    {
        lock (_gate)
        {
            return model.Length == 0 ? (_byName.Values.Distinct().ToList() is [var only] ? only : null)
                : _byName.GetValueOrDefault(model) ?? _byName.Values.Concat(_byHash).FirstOrDefault(m => $"{m.Artifact}" == model);
        }
    }

    ScoringRefusedException Unknown(string model) => new(
        ScoringRefusal.UnknownModel,
        model.Length == 0
            ? $"The request names no model, and {_names.Count} are served by a name; expected one of {string.Join(", ", _names.Select(n => n.Name))}."
            : $"'{(model.Length > 100 ? model[..100] + "…" : model)}' is not served here; served are {string.Join(", ", Models.Select(m => $"{m.Name} ({m.Model.Short})"))}.");

    static ServedModelInfo Info(string name, ServedModel model) => new(name, model.Artifact, model.Members, model.ContextLength, $"{model.Precision}".ToLowerInvariant());

    async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(_options.Look, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) await LookAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }
}
