using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Chooses which pairs of completions to ask about; sides are drawn by the seed.</summary>
public static class SelectComparisons
{
    public sealed record Inputs(
        [property: Description("Completions.")] ArtifactRef Completions,
        [property: Description("Prompt set the completions answer.")] ArtifactRef Prompts,
        [property: Description("Seed of the choice and of the sides.")] long Seed,
        [property: Description("Policy whose hidden states group the prompts into clusters; without one they are not grouped.")] ArtifactRef? Policy = null,
        [property: Description("Reward model of an earlier round, by which pairs are chosen; without one all are drawn uniformly, whatever the shares say.")]
        ArtifactRef? RewardModel = null);

    public sealed record HParams(
        [property: Range(1, 10_000_000), Description("Most comparisons to ask for, training and held-out together.")] int Budget = 3500,
        [property: Description("What the labeler judges by.")] string Axis = "preference",
        [property: Range(1, 1000), Description("Clusters of prompts over which the budget is spread, by the root of their size, so that rare kinds of prompts are asked about too; 1: none.")]
        int Clusters = 16,
        [property: Description("Leaves out training prompts that are nearly the same as one before.")] bool DropNearDuplicates = true,
        [property: Range(0.0, 1.0), Description("Share of the training comparisons on which an ensemble disagrees most. What the shares leave is drawn uniformly; held-out ones always are.")]
        double Disagreement = 0,
        [property: Range(0.0, 1.0), Description("Share of those whose sides score most alike.")] double SmallGap = 0,
        [property: Range(0.0, 1.0), Description("Share of those whose answer is expected to tell most about which member of an ensemble is right.")]
        double InformationGain = 0) : IValidated
    {
        public HParams() : this(3500) { }

        public string? Validate() => Disagreement + SmallGap + InformationGain is var sum && sum > 1
            ? $"'disagreement' {Disagreement}, 'smallGap' {SmallGap} and 'informationGain' {InformationGain} are {sum} together; expected at most 1."
            : null;
    }

    public sealed record Outputs([property: Description("Comparisons, with a report of what they cover.")] ArtifactRef Comparisons);

    public static readonly StepDescription Description = new(
        nameof(SelectComparisons), 3, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Chooses pairs of different completions of one prompt: spread over kinds of prompts, by what an ensemble is unsure of, or uniformly; draws their sides.")
    { Queue = "gpu" };
}
