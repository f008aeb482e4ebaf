using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Scoring;

/// <summary>
/// Reward models that score texts, in this process or behind servers. An answer is whole and finite, or there is none: implementers throw, and never stand in a
/// number for one that they do not have.
/// </summary>
public interface IRewardScoring
{
    /// <summary>The name of the port in a step's services.</summary>
    const string Service = "reward-scoring";

    /// <summary>Scores texts.</summary>
    /// <exception cref="ScoringRefusedException">The request can't be answered as it is, or not now.</exception>
    /// <exception cref="IOException">Nobody answered in time; a later try may succeed.</exception>
    Task<RewardScores> ScoreAsync(ScoringRequest request, CancellationToken cancellationToken);
}

/// <summary>A model that is served.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Model">Its artifact.</param>
/// <param name="Members">Members of the ensemble, 1 where it is none.</param>
/// <param name="ContextLength">Tokens that it reads at most.</param>
/// <param name="Precision">What it computes in, such as <c>float32</c>.</param>
public sealed record ServedModelInfo(string Name, ArtifactRef Model, int Members, int ContextLength, string Precision);

/// <summary>Reward models that a server holds in memory.</summary>
public interface IRewardServing : IRewardScoring
{
    /// <summary>The models by the names that requests may use, in the order in which they were asked for.</summary>
    IReadOnlyList<ServedModelInfo> Models { get; }

    /// <summary>True where requests can be answered now.</summary>
    bool IsReady { get; }
}
