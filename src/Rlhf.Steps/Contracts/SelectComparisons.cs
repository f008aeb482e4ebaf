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
        [property: Description("Seed of the choice and of the sides.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 10_000_000), Description("Most comparisons to ask for, training and held-out together.")] int Budget = 3500,
        [property: Description("What the labeler judges by.")] string Axis = "preference")
    {
        public HParams() : this(3500) { }
    }

    public sealed record Outputs([property: Description("Comparisons.")] ArtifactRef Comparisons);

    public static readonly StepDescription Description = new(
        nameof(SelectComparisons), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Chooses pairs of different completions of one prompt, uniformly, and draws their sides.");
}
