using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>How the scores of an ensemble's members become one: the mean, the worst, or the mean less variance (Coste et al. 2023).</summary>
public enum EnsembleScore { Mean, Worst, Uncertainty }

/// <summary>Measures a reward model on held-out pairs, beside a bag-of-words logistic regression fitted to the same training pairs.</summary>
public static class EvaluateRewardModel
{
    public sealed record Inputs(
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Preference pairs.")] ArtifactRef Preferences);

    public sealed record HParams(
        [property: Description("How the scores of an ensemble become one.")] EnsembleScore Ensemble = EnsembleScore.Mean,
        [property: Range(0.0, 100.0), Description("Uncertainty: what a unit of variance among the members takes off.")] double EnsembleCoefficient = 0.5)
    {
        public HParams() : this(EnsembleScore.Mean) { }
    }

    public sealed record Outputs(
        [property: Description("Report card, with the margin of every held-out pair.")] ArtifactRef ReportCard,
        [property: Description("Share of held-out pairs whose judged side scores higher; a tie counts a half.")] double Accuracy);

    public static readonly StepDescription Description = new(
        nameof(EvaluateRewardModel), 2, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Measures a reward model on held-out pairs.")
    { Queue = "gpu" };
}
