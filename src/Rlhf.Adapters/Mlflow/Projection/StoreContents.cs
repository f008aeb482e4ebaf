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
/// What a store held at one moment, as far as MLflow is told: records, the rounds and ends of instances, reports by the reference that a
/// record gives, versions of policies and reward models, names that move; and a sentence for each object that could not be read.
/// </summary>
sealed record StoreContents(
    IReadOnlyList<StepRecord> Records,
    IReadOnlyDictionary<string, RoundPlace> Rounds,
    IReadOnlyDictionary<string, RunEnd> Ends,
    IReadOnlyDictionary<ArtifactRef, StoredReport> Reports,
    IReadOnlyList<NameVersion> Policies,
    IReadOnlyList<NameVersion> RewardModels,
    IReadOnlyList<MovingName> MovingNames,
    IReadOnlyList<string> Unreadable)
{
    /// <summary>
    /// With the ends that were told already of instances this process knows no end of: another machine may know it, and the two must not take
    /// turns in opening and closing a round. One more step opens it.
    /// </summary>
    public StoreContents WithToldEnds(IReadOnlyDictionary<string, LedgerEntry> ledger)
    {
        var ends = new Dictionary<string, RunEnd>(Ends);
        foreach (var instance in Records.GroupBy(r => r.Instance))
        {
            var told = ledger.GetValueOrDefault(DeliveryLedger.PlaceOf(instance.Key))?.Runs.GetValueOrDefault(instance.Key);
            if (told is { End: { } end } && told.Steps == instance.Count()) ends.TryAdd(instance.Key, end);
        }
        return this with { Ends = ends };
    }
}
