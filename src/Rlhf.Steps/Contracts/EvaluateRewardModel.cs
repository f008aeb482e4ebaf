using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Measures a reward model on held-out pairs, beside a bag-of-words logistic regression fitted to the same training pairs.</summary>
public static class EvaluateRewardModel
{
    public sealed record Inputs(
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Preference pairs.")] ArtifactRef Preferences);

    public sealed record Outputs(
        [property: Description("Report card, with the margin of every held-out pair.")] ArtifactRef ReportCard,
        [property: Description("Share of held-out pairs whose judged side scores higher; a tie counts a half.")] double Accuracy);

    public static readonly StepDescription Description = new(
        nameof(EvaluateRewardModel), 1, StepKind.Pure, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Measures a reward model on held-out pairs.")
    { Queue = "gpu" };
}
