using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Turns judgements into preference pairs: the majority's side is chosen, a draw is a tie.</summary>
public static class BuildPreferences
{
    public sealed record Inputs(
        [property: Description("Comparisons that were asked.")] ArtifactRef Comparisons,
        [property: Description("Their judgements.")] ArtifactRef Judgements,
        [property: Description("Preference pairs of earlier rounds, kept.")] ArtifactRef? Earlier = null);

    public sealed record Outputs(
        [property: Description("Preference pairs of all rounds, and a report.")] ArtifactRef Preferences,
        [property: Description("Training pairs, ties not counted.")] int TrainPairs,
        [property: Description("Held-out pairs, ties not counted.")] int HeldOutPairs,
        [property: Description("Comparisons without a majority.")] int Ties);

    public static readonly StepDescription Description = new(
        nameof(BuildPreferences), 2, StepKind.Pure, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Builds preference pairs with margin, probability and agreement.");
}
