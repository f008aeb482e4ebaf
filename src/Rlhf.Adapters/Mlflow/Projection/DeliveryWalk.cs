using System.Net;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>One pass over the projection of a store as it was read.</summary>
sealed class DeliveryWalk(
    MlflowClient client, TrackingSettings settings, StoreReader reader, DeliveryLedger ledger, Refusals refusals,
    StoreContents contents, Projected projected, IReadOnlyDictionary<string, LedgerEntry> entries)
{
    readonly DeliveryCounts _counts = new();
    MlflowException? _failed;
    bool _lastFailed;
    readonly Dictionary<string, string> _runIds = entries.Values.SelectMany(e => e.Runs).GroupBy(r => r.Key).ToDictionary(r => r.Key, r => r.First().Value.RunId);

    /// <summary>Whether there is anything to be asked of the server.</summary>
    public bool Waits => projected.Rounds.Any(HasNews) || projected.Models.Any(m => !ModelDelivery.IsDone([m], EntryOf(DeliveryLedger.Models)) && !refusals.Holds(m.Name, m.Fingerprint));

    bool ModelsAreDone => ModelDelivery.IsDone(projected.Models, EntryOf(DeliveryLedger.Models));

    public DeliveryReport Report()
    {
        _counts.Troubles.AddRange(refusals.Sentences);
        _counts.Troubles.AddRange(contents.Unreadable);
        return _counts.Report();
    }

    public async Task<DeliveryReport> DeliverAsync(CancellationToken cancellationToken)
    {
        var experiment = await client.EnsureExperimentAsync(settings.Experiment, cancellationToken: cancellationToken);
        var runs = new RunDelivery(client, reader, experiment.ExperimentId, _counts);
        foreach (var round in projected.Rounds.Where(HasNews))
            await AtAsync(DeliveryLedger.PlaceOf(round.Instance), lease => DeliverAsync(round, runs, lease, cancellationToken), cancellationToken);
        // A version names the run that made it: it waits for the rounds that another sender is at.
        if (!ModelsAreDone && _counts.HeldByOthers.Count == 0)
            await AtAsync(DeliveryLedger.Models, lease => DeliverModelsAsync(lease, cancellationToken), cancellationToken);
        return _failed is null ? Report() : throw _failed;
    }

    public async Task<TrackingStatus> StatusAsync(CancellationToken cancellationToken)
    {
        var (differences, unreachable) = (Array.Empty<TrackingDifference>(), (string?)null);
        try
        {
            var (runs, models, unknown) = await CompareAsync(cancellationToken);
            differences =
            [
                .. runs.SelectMany(r => r.Sentences.Select(s => new TrackingDifference($"{(r.Run == r.Round.Run ? "round" : "step")} {r.Run.Name} ({r.Run.Key[..Math.Min(12, r.Run.Key.Length)]})", Secrets.Clean(s)))),
                .. models.SelectMany(m => m.Differences),
                .. unknown,
            ];
        }
        catch (MlflowException e)
        {
            unreachable = Secrets.Clean(e.Message);
        }
        return new(
            client.Address.ToString(), settings.Experiment, projected.Rounds.Sum(r => 1 + r.Steps.Count), projected.Models.Sum(m => m.Versions.Count),
            Waiting(), differences, unreachable, contents.Unreadable);
    }

    public async Task<DeliveryReport> RepairAsync(CancellationToken cancellationToken)
    {
        var (differing, models, _) = await CompareAsync(cancellationToken);
        var experiment = await client.EnsureExperimentAsync(settings.Experiment, cancellationToken: cancellationToken);
        var runs = new RunDelivery(client, reader, experiment.ExperimentId, _counts);
        var byRound = differing.ToLookup(d => d.Round);
        foreach (var round in projected.Rounds.Where(r => byRound.Contains(r) || HasNews(r)))
        {
            await AtAsync(DeliveryLedger.PlaceOf(round.Instance), async lease =>
            {
                // Forgotten first: whoever goes on after this process was killed delivers it.
                await lease.AcknowledgeAsync(byRound[round].Select(d => KeyValuePair.Create(d.Run.Key, (Delivered?)null)), cancellationToken);
                foreach (var difference in byRound[round].Where(d => d.Anew)) await runs.DeleteAsync(difference.Run, lease, cancellationToken);
                await DeliverAsync(round, runs, lease, cancellationToken);
            }, cancellationToken);
        }
        if ((models.Any(m => m.Differences.Any(d => d.Repairable)) || !ModelsAreDone) && _counts.HeldByOthers.Count == 0)
        {
            await AtAsync(DeliveryLedger.Models, async lease =>
            {
                await lease.AcknowledgeAsync(models.Select(m => KeyValuePair.Create(m.Model.Name, (Delivered?)null)), cancellationToken);
                await DeliverModelsAsync(lease, cancellationToken);
            }, cancellationToken);
        }
        return _failed is null ? Report() : throw _failed;
    }

    /// <summary>Everything that was delivered in whole and stands on the server otherwise.</summary>
    async Task<(List<RunDifference> Runs, List<(ProjectedModel Model, IReadOnlyList<TrackingDifference> Differences)> Models, List<TrackingDifference> Unknown)> CompareAsync(
        CancellationToken cancellationToken)
    {
        var experiment = await client.FindExperimentAsync(settings.Experiment, cancellationToken);
        IReadOnlyList<MlflowRun> standing = experiment is null ? [] : await client.SearchRunsAsync([experiment.ExperimentId], cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        var comparison = new RunComparison(client, reader, standing);
        var runs = new List<RunDifference>();
        foreach (var (round, run, delivered) in Runs().Where(r => IsDone(r.Run, r.Delivered)))
        {
            if (await comparison.OfAsync(round, run, delivered!, cancellationToken) is { } difference) runs.Add(difference);
        }
        var models = new List<(ProjectedModel, IReadOnlyList<TrackingDifference>)>();
        foreach (var model in projected.Models.Where(m => ModelDelivery.IsDone([m], EntryOf(DeliveryLedger.Models))))
        {
            if (await ModelComparison.OfAsync(client, model, cancellationToken) is { Count: > 0 } differences) models.Add((model, differences));
        }
        TrackingDifference[] deleted = experiment is { IsDeleted: true } ? [new($"experiment {settings.Experiment}", "is deleted on the server; restore it there", Repairable: false)] : [];
        return (runs, models, [.. deleted, .. comparison.Unknown(projected)]);
    }

    TrackingWaits Waiting()
    {
        var runs = Runs().Where(r => !IsDone(r.Run, r.Delivered)).ToList();
        var known = EntryOf(DeliveryLedger.Models).Runs;
        var (versions, aliases) = (0, 0);
        foreach (var model in projected.Models)
        {
            versions += Math.Max(0, model.Versions.Count - (known.GetValueOrDefault(model.Name)?.Lines ?? 0));
            aliases += model.Aliases.Count(a => known.GetValueOrDefault(ModelDelivery.KeyOf(model, a.Key))?.RunId != a.Value.Sha256)
                + known.Keys.Count(k => k.StartsWith($"{model.Name}@", StringComparison.Ordinal) && !model.Aliases.ContainsKey(k[(model.Name.Length + 1)..]));
        }
        return new(runs.Count, runs.Sum(r => Math.Max(0L, r.Run.Lines - (r.Delivered?.Lines ?? 0))), versions, aliases);
    }

    /// <summary>Every run below its parent, and what was acknowledged of it.</summary>
    IEnumerable<(ProjectedRound Round, ProjectedRun Run, Delivered? Delivered)> Runs() =>
        from round in projected.Rounds
        let known = EntryOf(DeliveryLedger.PlaceOf(round.Instance)).Runs
        let parent = known.GetValueOrDefault(round.Instance)
        from run in round.Steps.Select(s => parent is null ? s : s.Below(parent.RunId)).Prepend(round.Run)
        select (round, run, known.GetValueOrDefault(run.Key));

    async Task DeliverAsync(ProjectedRound round, RunDelivery runs, DeliveryLease lease, CancellationToken cancellationToken)
    {
        var parent = IsDone(round.Run, lease.Of(round.Instance)) ? lease.Of(round.Instance)!.RunId : null;
        if (parent is null && !await TryAsync($"round {round.Instance}", round.Instance, State(round.Run), async () => parent = await runs.DeliverAsync(round, lease, cancellationToken))) return;
        _runIds[round.Instance] = parent!;
        foreach (var step in round.Steps.Select(s => s.Below(parent)))
        {
            if (!IsDone(step, lease.Of(step.Key)))
                await TryAsync($"step {step.Name} of {round.Instance}", step.Key, State(step), async () => _runIds[step.Key] = await runs.DeliverAsync(step, lease, cancellationToken));
        }
    }

    async Task DeliverModelsAsync(DeliveryLease lease, CancellationToken cancellationToken)
    {
        var models = new ModelDelivery(client, _runIds, _counts);
        foreach (var model in projected.Models)
            await TryAsync($"model {model.Name}", model.Name, model.Fingerprint, () => models.DeliverAsync(model, lease, cancellationToken));
    }

    /// <summary>Does the work below the lease of a place; where another sender has it, that is noted and the work left to it.</summary>
    async Task AtAsync(string place, Func<DeliveryLease, Task> work, CancellationToken cancellationToken)
    {
        var (lease, holder) = await ledger.TakeAsync(place, settings.Lease, cancellationToken);
        if (lease is null)
        {
            _counts.HeldByOthers.Add($"{place} is delivered by {holder.Owner} until {holder.Until:u}.");
            return;
        }
        try
        {
            await work(lease);
        }
        catch (LeaseLostException e)
        {
            _counts.HeldByOthers.Add(e.Message);
        }
        finally
        {
            await lease.ReleaseAsync();
        }
    }

    // What the server will never take of one run must not keep the others from it; what concerns them all ends the walk.
    async Task<bool> TryAsync(string what, string key, string state, Func<Task> deliver)
    {
        if (refusals.Holds(key, state)) return false;
        refusals.Remove(key);
        try
        {
            await deliver();
            _lastFailed = false;
            return true;
        }
        catch (Exception e) when (e is MlflowException { Permanent: true } failed ? !ConcernsAll(failed) : e is ArgumentException or InvalidDataException or ArtifactNotFoundException)
        {
            refusals.Add(key, state, $"{what}: {e.Message}");
        }
        // A 500 may be of this run only, however often it is asked for; two in a row are of the server.
        catch (MlflowException e) when (e is { Permanent: false, Status: HttpStatusCode.InternalServerError } && !_lastFailed)
        {
            (_lastFailed, _failed) = (true, _failed ?? e);
        }
        return false;
    }

    static bool ConcernsAll(MlflowException e) =>
        e.ErrorCode is MlflowErrors.Unauthenticated or MlflowErrors.PermissionDenied or MlflowErrors.NotMlflow or MlflowErrors.NoSuchRoute || e.Status is null;

    /// <summary>Something of the round is to be asked of the server.</summary>
    bool HasNews(ProjectedRound round)
    {
        if (IsDone(round)) return false;
        var known = EntryOf(DeliveryLedger.PlaceOf(round.Instance)).Runs;
        var parent = known.GetValueOrDefault(round.Instance);
        if (!IsDone(round.Run, parent)) return !refusals.Holds(round.Instance, State(round.Run));
        return round.Steps.Select(s => s.Below(parent!.RunId)).Any(s => !IsDone(s, known.GetValueOrDefault(s.Key)) && !refusals.Holds(s.Key, State(s)));
    }

    static string State(ProjectedRun run) => $"{run.Fingerprint} {run.Lines}";

    bool IsDone(ProjectedRound round)
    {
        var known = EntryOf(DeliveryLedger.PlaceOf(round.Instance)).Runs;
        var parent = known.GetValueOrDefault(round.Instance);
        return IsDone(round.Run, parent) && round.Steps.All(s => IsDone(s.Below(parent!.RunId), known.GetValueOrDefault(s.Key)));
    }

    static bool IsDone(ProjectedRun run, Delivered? delivered) =>
        delivered is not null && delivered.Fingerprint == run.Fingerprint && delivered.Lines >= run.Lines;

    LedgerEntry EntryOf(string place) => entries.GetValueOrDefault(place, LedgerEntry.None);
}
