using Rlhf.Runtime;
using Rlhf.Steps.Promotions;

namespace Rlhf.Server.Promotions;

/// <summary>A promotion as far as it is known here: what was asked for, or what rests on a decision, or both.</summary>
/// <param name="Instance">The workflow instance that was asked to do it.</param>
/// <param name="State">A <see cref="PromotionState"/>, or before it is known what it rests on <see cref="Preparing"/> or <see cref="Failed"/>.</param>
/// <param name="Reason">Why it is so, where there is something to say.</param>
public sealed record PromotionView(string Instance, string State, string? Reason, AskedPromotion? Asked, Promotion? Promotion, InstanceSummary? Run)
{
    public const string Preparing = "Preparing", Failed = "Failed";

    /// <summary>The promotion's id; null before it is known.</summary>
    public string? Id => Promotion?.Request.Id;

    /// <summary>By what it is found: the promotion's id, or before that the instance's.</summary>
    public string Name => Id ?? Instance;

    public string Environment => Promotion?.Request.Environment ?? Asked?.Environment ?? "";

    public string Policy => Promotion?.Request.Challenger.Short ?? Asked?.Policy ?? "";

    public string? By => Promotion is { } promotion ? promotion.Request.RequestedBy : Asked?.By;

    public DateTimeOffset At => Promotion?.Request.At ?? Asked!.At;

    public bool IsOpen => State is Preparing or nameof(PromotionState.Waiting) or nameof(PromotionState.Approved);
}
