using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Promotions;

/// <summary>Writes down why a policy is promoted.</summary>
static class PromotionRecords
{
    public static async Task<PromotionRecord> OfAsync(
        PromotionRequest request, GateDecision decision, AliasVersion? champion, IReadOnlyList<SignedApproval> approvals, StepContext context, CancellationToken cancellationToken) => new(
            request.Id, request.Environment, request.Campaign, (champion?.Version ?? 0) + 1, request.Challenger, request.Champion, champion?.Artifact,
            request.Decision, request.Evidence, request.Criteria, decision.Measures, decision.ReportCard,
            PromotionFigures.Of(decision.Verdict), decision.Verdict.Reason, request.RequestedBy, request.At, context.Time.GetUtcNow(), request.Approvals, approvals,
            await LineageAsync(request, context, cancellationToken), context.Execution.Instance, StepRunner.ProductVersion)
        { StartedBy = request.StartedBy };

    static async Task<PromotionLineage> LineageAsync(PromotionRequest request, StepContext context, CancellationToken cancellationToken)
    {
        var lineage = await Lineage.ReadAsync(context.Artifacts.Objects, cancellationToken);
        // Only those that had a part in it: a policy that was made later from the same prompts tells nothing.
        var steps = lineage.Upstream(request.Challenger).Select(s => s.Record).ToList();
        var parts = steps.SelectMany(r => ArtifactRefs.In(r.Inputs).Concat(ArtifactRefs.In(r.Hparams))).Distinct().ToList();
        var versions = (await context.Artifacts.ReadEvidenceAsync(request.Evidence, cancellationToken)).SelectMany(e => e.Judgements).Select(Version).ToHashSet();
        foreach (var judgements in parts.Where(p => p.Kind == "judgements"))
            versions.UnionWith((await context.Artifacts.ReadJudgementsAsync(judgements, cancellationToken)).Select(Version));
        return new(
            request.Challenger, Of(parts, "reward-model"), Of(parts, "preferences"), Texts(versions.Where(v => !v.IsConstitution).Select(v => v.Version)),
            Texts(versions.Where(v => v.IsConstitution).Select(v => v.Version)), Of(parts, "prompts"), Texts(steps.Select(r => r.ProductVersion)));
    }

    static (bool IsConstitution, string? Version) Version(Judgement judgement) => (judgement.Kind == LabelerKind.Judge, judgement.Guidelines);

    static List<ArtifactRef> Of(List<ArtifactRef> parts, string kind) => [.. parts.Where(p => p.Kind == kind).OrderBy(p => p.Sha256, StringComparer.Ordinal)];

    static List<string> Texts(IEnumerable<string?> texts) => [.. texts.OfType<string>().Distinct().Order(StringComparer.Ordinal)];
}
