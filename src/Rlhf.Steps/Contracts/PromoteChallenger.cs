using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Makes the challenger the champion by one create-only write.</summary>
public static class PromoteChallenger
{
    public sealed record Inputs(
        [property: Description("Campaign whose champion it becomes.")] string Campaign,
        [property: Description("Champion the evidence was collected against.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Decision that allows it.")] ArtifactRef Decision);

    public sealed record Outputs([property: Description("Version number of the champion.")] int Version);

    public static readonly StepDescription Description = new(
        nameof(PromoteChallenger), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Promotes the challenger.");
}
