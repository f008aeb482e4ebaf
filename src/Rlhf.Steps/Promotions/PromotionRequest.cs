using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Promotions;

/// <summary>
/// A challenger that is to become champion; object <c>promotions/environment/id/request.json</c>. The id follows from what is asked for: the same
/// decision is the same promotion, and new evidence is another one, for which no earlier approval counts.
/// </summary>
/// <param name="Id">16 hexadecimal digits (<see cref="IdOf"/>).</param>
/// <param name="Champion">The champion that the evidence was collected against.</param>
/// <param name="IsFirst">True where the environment had no champion of this campaign.</param>
/// <param name="RequestedBy">Who asks, and may not approve; null where nobody is known, which is enough only where nobody has to approve.</param>
/// <param name="Approvals">How many people have to approve, 0 and up.</param>
public sealed record PromotionRequest(
    string Id, string Environment, string Campaign, ArtifactRef Champion, ArtifactRef Challenger, ArtifactRef Decision, ArtifactRef Evidence, ArtifactRef Criteria,
    bool IsFirst, string? RequestedBy, DateTimeOffset At, int Approvals)
{
    /// <summary>The workflow instance that asked first.</summary>
    public string Instance { get; init; } = "";

    /// <summary>Who started the rounds that made the challenger and the decision, in ordinal order; they may not approve either.</summary>
    public IReadOnlyList<string> StartedBy { get; init; } = [];

    /// <summary>The event that lets go on what waits for approvals of this promotion.</summary>
    [JsonIgnore]
    public string Event => PromotionStore.EventPrefix + Id;

    public static string IdOf(string environment, string campaign, ArtifactRef champion, ArtifactRef challenger, ArtifactRef decision) =>
        CanonicalJson.Hash(new JsonObject
        {
            ["environment"] = environment,
            ["campaign"] = campaign,
            ["champion"] = $"{champion}",
            ["challenger"] = $"{challenger}",
            ["decision"] = $"{decision}",
        })[..16];
}

/// <summary>One person's word on a promotion, bound to the evidence.</summary>
/// <param name="Promotion">Id of the promotion.</param>
/// <param name="Evidence">What the approver had before them.</param>
/// <param name="Approves">False for a rejection, which ends the promotion.</param>
/// <param name="Comment">For a rejection never empty.</param>
public sealed record Approval(string Promotion, ArtifactRef Evidence, string Approver, bool Approves, string Comment, DateTimeOffset At)
{
    /// <summary>True for the person at a machine without accounts, who never counts where two people are asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsLocal { get; init; }
}

/// <summary>An approval as it is kept: <c>promotions/environment/id/approvals/approver.json</c>; signed is the approval's canonical JSON, by the process that knew the approver.</summary>
public sealed record SignedApproval(Approval Approval, Signature Signature);

/// <summary>Why a promotion ended without one: <c>promotions/environment/id/refusal.json</c>; nothing that is asked again changes that.</summary>
public sealed record PromotionRefusal(string Promotion, string Reason, DateTimeOffset At);
