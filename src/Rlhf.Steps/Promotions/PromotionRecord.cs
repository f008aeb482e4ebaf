using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;

namespace Rlhf.Steps.Promotions;

/// <summary>How much evidence there was, and how sure it made: from the decision's verdict.</summary>
/// <param name="WinRate">Mean over prompts, ties a half, 0 to 1.</param>
/// <param name="LowerBound">Of the always-valid interval at <paramref name="Confidence"/>.</param>
public sealed record PromotionFigures(
    int Prompts, int Judgements, int Wins, int Losses, int Ties, int Labelers, int Missing, double? WinRate, double? LowerBound, double? UpperBound, double Confidence,
    double? EValue, bool Simulated, double? JudgeShare)
{
    public static PromotionFigures Of(GateVerdict verdict) => new(
        verdict.Prompts, verdict.Judgements, verdict.Wins, verdict.Losses, verdict.Ties, verdict.Labelers, verdict.Missing, verdict.WinRate, verdict.LowerBound, verdict.UpperBound,
        verdict.Confidence, verdict.EValue, verdict.Simulated, verdict.JudgeShare);
}

/// <summary>What the policy was made from, each in ordinal order.</summary>
/// <param name="Guidelines">Versions of the guidelines that labelers had, of training and evidence.</param>
/// <param name="Constitutions">Names and versions of what AI judges went by.</param>
/// <param name="Products">Versions of this product whose steps had a part.</param>
public sealed record PromotionLineage(
    ArtifactRef Policy, IReadOnlyList<ArtifactRef> RewardModels, IReadOnlyList<ArtifactRef> Preferences, IReadOnlyList<string> Guidelines,
    IReadOnlyList<string> Constitutions, IReadOnlyList<ArtifactRef> Prompts, IReadOnlyList<string> Products);

/// <summary>
/// Why a policy became champion: everything that allowed it, by hash. It says that the promotion was allowed; that it took place says the champion's version
/// (<see cref="AliasVersion"/>) whose reason is this record's artifact.
/// </summary>
/// <param name="Id">The promotion's (<see cref="PromotionRequest.IdOf"/>).</param>
/// <param name="Version">Number of the champion that the policy becomes, from 1.</param>
/// <param name="Policy">The challenger.</param>
/// <param name="ComparedWith">The champion that the evidence was collected against.</param>
/// <param name="ChampionBefore">The environment's champion until then, the same one; null where it had none.</param>
/// <param name="Reason">The decision in a sentence.</param>
/// <param name="ApprovalsAsked">How many people had to approve.</param>
/// <param name="Instance">The workflow instance that made the record.</param>
/// <param name="Product">Version of this product that made it.</param>
public sealed record PromotionRecord(
    string Id, string Environment, string Campaign, int Version, ArtifactRef Policy, ArtifactRef ComparedWith, ArtifactRef? ChampionBefore,
    ArtifactRef Decision, ArtifactRef Evidence, ArtifactRef Criteria, ArtifactRef? Measures, ArtifactRef? ReportCard,
    PromotionFigures Figures, string Reason, string? RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset At, int ApprovalsAsked, IReadOnlyList<SignedApproval> Approvals,
    PromotionLineage Lineage, string Instance, string Product)
{
    /// <inheritdoc cref="PromotionRequest.StartedBy"/>
    public IReadOnlyList<string> StartedBy { get; init; } = [];
}

/// <summary>A record with the signature of its canonical JSON; object <c>promotions/environment/id/record.json</c>.</summary>
public sealed record SignedPromotion(PromotionRecord Record, Signature Signature);

/// <summary>How far a promotion is.</summary>
public enum PromotionState
{
    /// <summary>Approvals are missing.</summary>
    Waiting,

    /// <summary>Everybody who had to has approved, and it goes on.</summary>
    Approved,

    /// <summary>Its policy became champion.</summary>
    Promoted,

    /// <summary>It ended without: somebody rejected it, or another promotion was first.</summary>
    Refused,
}

/// <summary>All that is known of a promotion.</summary>
/// <param name="Became">The champion's version that it wrote; null before.</param>
public sealed record Promotion(
    PromotionRequest Request, IReadOnlyList<SignedApproval> Approvals, SignedPromotion? Record, PromotionRefusal? Refusal, AliasVersion? Became, PromotionState State)
{
    /// <summary>Approvals that are still missing, 0 and up.</summary>
    public int Missing => Math.Max(0, Request.Approvals - Approvals.Count(a => a.Approval.Approves));
}
