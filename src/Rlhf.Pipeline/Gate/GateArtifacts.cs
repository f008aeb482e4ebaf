using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;

namespace Rlhf.Pipeline.Gate;

/// <summary>Reads and writes what a gate decides by.</summary>
static class GateArtifacts
{
    public const string Criteria = "criteria", Evidence = "evidence", Decision = "decision";

    public static Task<ArtifactRef> PutCriteriaAsync(this ArtifactStore artifacts, GateCriteria criteria, CancellationToken cancellationToken) =>
        artifacts.PutAsync(Criteria, new Dictionary<string, byte[]> { [GateCriteria.File] = criteria.ToBytes() }, cancellationToken);

    public static async Task<GateCriteria> ReadCriteriaAsync(this ArtifactStore artifacts, ArtifactRef criteria, CancellationToken cancellationToken) =>
        GateCriteria.Parse(criteria.Short, await artifacts.ReadFileAsync(criteria, GateCriteria.File, cancellationToken));

    public static Task<EvaluationSubject> ReadSubjectAsync(this ArtifactStore artifacts, ArtifactRef comparisonsOrEvidence, CancellationToken cancellationToken) =>
        artifacts.ReadJsonAsync<EvaluationSubject>(comparisonsOrEvidence, EvaluationSubject.File, cancellationToken);

    public static async Task<List<EvidenceItem>> ReadEvidenceAsync(this ArtifactStore artifacts, ArtifactRef? evidence, CancellationToken cancellationToken) =>
        evidence is null ? [] : await artifacts.ReadLinesAsync<EvidenceItem>(evidence, EvidenceItem.File, cancellationToken);

    /// <summary>Decides again what a decision says: by its evidence, its criteria and what was known beside them.</summary>
    public static async Task<GateVerdict> DecideAgainAsync(this ArtifactStore artifacts, GateDecision decision, CancellationToken cancellationToken)
    {
        var criteria = await artifacts.ReadCriteriaAsync(decision.Criteria, cancellationToken);
        var subject = await artifacts.ReadSubjectAsync(decision.Evidence, cancellationToken);
        var evidence = GateEvidence.Of(await artifacts.ReadEvidenceAsync(decision.Evidence, cancellationToken), criteria.Axis);
        var isExploratory = subject.Criteria != decision.Criteria || subject.IsExploratory;
        return GateVerdicts.Of(criteria, evidence, await artifacts.SurroundingsAsync(decision.Measures, decision.ReportCard, subject.PromptsLeft, isExploratory, cancellationToken));
    }

    public static async Task<GateSurroundings> SurroundingsAsync(
        this ArtifactStore artifacts, ArtifactRef? measures, ArtifactRef? reportCard, int? promptsLeft, bool isExploratory, CancellationToken cancellationToken) => new(
            measures is null ? null : await artifacts.ReadJsonAsync<ChallengerMeasures>(measures, ChallengerMeasures.File, cancellationToken),
            reportCard is null ? null : await artifacts.ReadJsonAsync<RewardModelCard>(reportCard, "card.json", cancellationToken),
            promptsLeft, isExploratory);
}
