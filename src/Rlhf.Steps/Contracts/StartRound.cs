using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Gives a round its number and resolves names to hashes, once, before any pure step sees them.</summary>
public static class StartRound
{
    public sealed record Inputs(
        [property: Description("The supervised policy: the reference of the campaign and its first champion.")] ArtifactRef Sft,
        [property: Description("Seed of the campaign; the round's seed follows from it and the round's number.")] long BaseSeed,
        [property: Description("Number of a round to replay with the same champion, seed and earlier preferences.")] int? SameAs = null,
        [property: Description("Axis whose preferences and reward model go on from earlier rounds; empty: preference.")] string? Axis = null,
        [property: Description("Another axis, whose preferences and reward model go on beside them; empty: none.")] string? SecondAxis = null);

    public sealed record Outputs(
        [property: Description("The campaign: rounds from one supervised policy, named by the first digits of its hash.")] string Campaign,
        [property: Description("Number of the round, from 1.")] int Round,
        [property: Description("Seed of the round.")] long Seed,
        [property: Description("Policy the round starts from.")] ArtifactRef Champion,
        [property: Description("Policy the KL is measured to.")] ArtifactRef Reference,
        [property: Description("Preference pairs of earlier rounds.")] ArtifactRef? Preferences,
        [property: Description("Reward model of the round before.")] ArtifactRef? RewardModel,
        [property: Description("Champion before this one, for the ratings.")] ArtifactRef? Earlier,
        [property: Description("Policy from inside the newest training that kept one.")] ArtifactRef? EarlyPolicy,
        [property: Description("Preference pairs of earlier rounds on the second axis.")] ArtifactRef? SecondPreferences = null,
        [property: Description("Reward model of the second axis, of the round before that had one.")] ArtifactRef? SecondRewardModel = null);

    public static readonly StepDescription Description = new(
        nameof(StartRound), 2, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Numbers the round and resolves the champion and the earlier preferences.");
}
