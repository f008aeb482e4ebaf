using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Gates;

/// <summary>What two policies won of each other; a tie, and a comparison whose judgements are divided, counts in part for both.</summary>
/// <param name="Wins">Of the first, 0 to <paramref name="Comparisons"/>: the sum over comparisons of the mean of its judgements, a tie being a half.</param>
public sealed record PolicyPair(ArtifactRef First, ArtifactRef Second, int Comparisons, double Wins);

/// <summary>One policy among all that a campaign compared.</summary>
/// <param name="Versions">Its names, such as <c>policy@7</c>.</param>
/// <param name="Comparisons">It was in.</param>
/// <param name="Rating">On the Elo scale (400 more are ten times the odds), with 1000 as the mean of all; null where there are none.</param>
/// <param name="Lower">Lower end of the 95 % bootstrap interval over comparisons; null where there is none.</param>
/// <param name="Upper">Upper end.</param>
public sealed record PolicyRating(ArtifactRef Policy, IReadOnlyList<string> Versions, int Comparisons, double? Rating, double? Lower, double? Upper);

/// <summary>
/// Bradley-Terry ratings of all policies of a campaign, from the evidence of all its rounds; <c>ratings</c> artifact, file <c>ratings.json</c>, the best first. They
/// decide nothing: a gate that asks until it knows enough makes clear wins a little larger than they are.
/// </summary>
/// <param name="Axis">Of the judgements; those of other axes are left out.</param>
/// <param name="Evidence">What was counted, each judgement of a comparison once, in the order of the rounds.</param>
/// <param name="Judgements">Counted.</param>
/// <param name="Simulated">Whether some of them are simulated.</param>
/// <param name="Reason">Why there are no ratings; null where there are.</param>
/// <param name="IntervalReason">Why there are no intervals; null where there are.</param>
public sealed record CampaignRatings(
    string Axis, IReadOnlyList<PolicyRating> Policies, IReadOnlyList<PolicyPair> Pairs, IReadOnlyList<ArtifactRef> Evidence, int Judgements, bool Simulated,
    string? Reason, string? IntervalReason)
{
    public const string File = "ratings.json";

    /// <summary>Share of the judgements that an AI judge gave, above 0 to 1; null where none did.</summary>
    public double? JudgeShare { get; init; }

    /// <summary>Null where the policy was never compared.</summary>
    public PolicyRating? Of(ArtifactRef policy) => Policies.FirstOrDefault(p => p.Policy == policy);
}
