using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;

namespace Rlhf.Server.Promotions;

/// <summary>A decision of the gate with all that a page shows of it.</summary>
/// <param name="Regressions">The worst of them.</param>
/// <param name="RegressionCount">Of all.</param>
/// <param name="Measures">Figures of the policies themselves; null where none were given.</param>
public sealed record ReadableDecision(
    ArtifactRef Artifact, GateDecision Decision, GateCriteria Criteria, IReadOnlyList<Regression> Regressions, int RegressionCount, ChallengerMeasures? Measures)
{
    const int Shown = 20;

    const string RegressionsFile = "regressions.jsonl";

    /// <exception cref="ArtifactNotFoundException">There is no such decision, or something of it is missing.</exception>
    /// <exception cref="InvalidDataException">Something of it was changed.</exception>
    public static async Task<ReadableDecision> ReadAsync(ArtifactStore artifacts, ArtifactRef reference, CancellationToken cancellationToken)
    {
        var decision = await artifacts.ReadJsonAsync<GateDecision>(reference, GateDecision.File, cancellationToken);
        var criteria = GateCriteria.Parse(decision.Criteria.Short, await artifacts.ReadFileAsync(decision.Criteria, GateCriteria.File, cancellationToken));
        var regressions = await artifacts.ReadLinesAsync<Regression>(reference, RegressionsFile, cancellationToken);
        var measures = decision.Measures is { } measured ? await artifacts.ReadJsonAsync<ChallengerMeasures>(measured, ChallengerMeasures.File, cancellationToken) : null;
        return new(reference, decision, criteria, [.. regressions.Take(Shown)], regressions.Count, measures);
    }
}
