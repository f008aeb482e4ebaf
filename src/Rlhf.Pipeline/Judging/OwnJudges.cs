using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Judging;

/// <summary>Judges that need no network: models of a store.</summary>
public static class OwnJudges
{
    public const string RewardModel = "reward-model", Policy = "policy";

    /// <summary>By the labeler's name.</summary>
    public static IReadOnlyDictionary<string, ILabeler> Over(IObjectStore objects, Constitutions constitutions) => new Dictionary<string, ILabeler>
    {
        [RewardModel] = new RewardModelJudge(objects),
        [Policy] = new PolicyJudge(objects, constitutions),
    };

    internal static CollectJudgements.HParams SettingsOf(LabelingRequest request) =>
        RecordBinding.Bind<CollectJudgements.HParams>(request.Settings, "judge, settings");

    /// <summary>The model that judges.</summary>
    /// <exception cref="ArgumentException">None is named, or one of another kind.</exception>
    internal static ArtifactRef Of(LabelingRequest request, string labeler, string kind) =>
        request.Judge is null ? throw new ArgumentException($"'judge' is missing; expected the {labeler} that the labeler {labeler} asks (rlhf round --judge).")
        : request.Judge.Kind == kind ? request.Judge
        : throw new ArgumentException($"'judge' is {request.Judge}; expected {kind}/… for the labeler {labeler}.");

    /// <summary>True where what simulated labelers said went into the model: then its judgements rest on theirs.</summary>
    internal static async Task<bool> IsSimulatedAsync(IObjectStore objects, ArtifactRef judge, CancellationToken cancellationToken) =>
        (await Lineage.ReadAsync(objects, cancellationToken)).Upstream([judge])
            .Any(s => s.Record.Step == nameof(CollectJudgements) && $"{s.Record.Inputs["labeler"]}" == "simulated");

    /// <summary>True where the judge had a part in making one of these artifacts, or is one: it likes what it taught.</summary>
    internal static async Task<bool> HadPartInAsync(IObjectStore objects, ArtifactRef judge, IReadOnlyCollection<ArtifactRef> artifacts, CancellationToken cancellationToken) =>
        artifacts.Contains(judge) || (await Lineage.ReadAsync(objects, cancellationToken)).Upstream(artifacts).Any(s => s.From.Contains(judge));

    /// <summary>0 for a tie, then 1 below log-odds of 1 (a probability of 0.73), 2 below 2 (0.88), otherwise 3.</summary>
    internal static int Strength(double logOdds, double tieWidth) => Math.Abs(logOdds) <= tieWidth ? 0 : Math.Abs(logOdds) switch { < 1 => 1, < 2 => 2, _ => 3 };

    internal static double Sigmoid(double logOdds) => 1 / (1 + Math.Exp(-logOdds));
}
