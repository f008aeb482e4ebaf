using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>How several judgements of a comparison become one.</summary>
public enum ConsensusRule { Majority, Ability }

/// <summary>Turns judgements into preference pairs: the side that the labelers together say is better is chosen, a draw is a tie.</summary>
public static class BuildPreferences
{
    public sealed record Inputs(
        [property: Description("Comparisons that were asked.")] ArtifactRef Comparisons,
        [property: Description("Their judgements.")] ArtifactRef Judgements,
        [property: Description("Preferences of earlier rounds, whose judgements count too.")] ArtifactRef? Earlier = null,
        [property: Description("Number of the round, by which judgements grow old; needed where ageWeight or replay is below 1.")] int? Round = null);

    public sealed record HParams(
        [property: Description("How several judgements become one: majority, or ability: labelers count by how far all judgements together say that they can be trusted (Dawid and Skene), the probability becomes the pair's label and its certainty the weight.")]
        ConsensusRule Consensus = ConsensusRule.Majority,
        [property: Description("Labelers, by commas, whose judgements are not used, those of earlier rounds included; they are kept with the reason.")] string Withdrawn = "",
        [property: Range(0.0, 1.0), Description("What a pair counts for each round that has passed since it was last judged, beside one of this round; 1: as much.")] double AgeWeight = 1,
        [property: Range(0.0, 1.0), Description("What a pair counts that AI judges alone have judged, beside one of people; 1: as much.")] double JudgeWeight = 1,
        [property: Range(0.0, 1.0), Description("Share of the training pairs of earlier rounds that are trained on again, drawn by the comparison; the others have weight 0. 1: all.")] double Replay = 1)
    {
        public HParams() : this(ConsensusRule.Majority) { }
    }

    public sealed record Outputs(
        [property: Description("Preference pairs of all rounds, the judgements they were made from, and a report.")] ArtifactRef Preferences,
        [property: Description("Training pairs, ties not counted.")] int TrainPairs,
        [property: Description("Held-out pairs, ties not counted.")] int HeldOutPairs,
        [property: Description("Comparisons without a better side.")] int Ties);

    public static readonly StepDescription Description = new(
        nameof(BuildPreferences), 4, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Builds preference pairs with margin, probability, weight and agreement.");
}
