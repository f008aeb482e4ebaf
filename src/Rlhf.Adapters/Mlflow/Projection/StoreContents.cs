using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>Which round of which campaign an instance is.</summary>
sealed record RoundPlace(string Campaign, int Round);

/// <summary>The versions of a name that moves, in an environment; campaign is empty where the environment has one such name only.</summary>
sealed record MovingName(string Environment, string Campaign, string Name, IReadOnlyList<AliasVersion> Versions);

/// <summary>A report and the bytes it was read from.</summary>
sealed record StoredReport(RoundReport Report, byte[] Bytes);

/// <summary>
/// What a store held at one moment, as far as MLflow is told: records, steps without one that left a checkpoint, the rounds and ends of
/// instances, reports by the reference that a record gives, versions of policies and reward models, names that move; and a sentence for each
/// object that could not be read.
/// </summary>
sealed record StoreContents(
    IReadOnlyList<StepRecord> Records,
    IReadOnlyList<RunningStep> Running,
    IReadOnlyDictionary<string, RoundPlace> Rounds,
    IReadOnlyDictionary<string, RunEnd> Ends,
    IReadOnlyDictionary<ArtifactRef, StoredReport> Reports,
    IReadOnlyList<NameVersion> Policies,
    IReadOnlyList<NameVersion> RewardModels,
    IReadOnlyList<MovingName> MovingNames,
    IReadOnlyList<string> Unreadable)
{
    /// <summary>Promotion records, by the artifact that holds them.</summary>
    public IReadOnlyDictionary<ArtifactRef, byte[]> Promotions { get; init; } = new Dictionary<ArtifactRef, byte[]>();

    /// <summary>Every instance that has a run.</summary>
    public IEnumerable<string> Instances => Records.Select(r => r.Instance).Concat(Running.Select(r => r.Start.Instance)).Distinct();

    /// <summary>
    /// With the ends that were told already of instances this process knows no end of: another machine may know it, and the two must not take
    /// turns in opening and closing a round. One more step, or a further checkpoint of one that runs, opens it.
    /// </summary>
    public StoreContents WithToldEnds(IReadOnlyDictionary<string, LedgerEntry> ledger)
    {
        var ends = new Dictionary<string, RunEnd>(Ends);
        var (records, running) = (Records.ToLookup(r => r.Instance), Running.ToLookup(r => r.Start.Instance));
        foreach (var instance in Instances)
        {
            var told = ledger.GetValueOrDefault(DeliveryLedger.PlaceOf(instance))?.Runs.GetValueOrDefault(instance);
            if (told is { End: { } end } && told.Steps == records[instance].Count() && running[instance].Sum(r => r.Lines.Count) <= told.RunningLines) ends.TryAdd(instance, end);
        }
        return this with { Ends = ends };
    }
}
