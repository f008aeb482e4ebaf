using System.ComponentModel;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Finds what a policy is promoted by: its campaign, the champion it was compared with, and the newest decision that says Promote.</summary>
public static class PreparePromotion
{
    public sealed record Inputs(
        [property: Description("The policy: an artifact, or a name such as policy@12.")] string Policy,
        [property: Description("Environment whose champion it is to become; empty: the one this process works for (RLHF_ENVIRONMENT).")] string? Environment = null,
        [property: Description("Campaign whose champion it is to become; empty: the one that the decision's champion belongs to.")] string? Campaign = null);

    public sealed record Outputs(
        [property: Description("The policy, by its hash.")] ArtifactRef Challenger,
        [property: Description("Champion the decision was made against.")] ArtifactRef Champion,
        [property: Description("The decision.")] ArtifactRef Decision,
        [property: Description("Campaign whose champion it is to become.")] string Campaign,
        [property: Description("Environment whose champion it is to become.")] string Environment);

    public static readonly StepDescription Description = new(
        nameof(PreparePromotion), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Finds the decision by which a policy may be promoted.");
}
