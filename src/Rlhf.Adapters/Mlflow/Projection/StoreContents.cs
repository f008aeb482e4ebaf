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
    IReadOnlyList<string> Unreadable);
