using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Puts comparisons to a labeler and waits for the answers. The only step that waits for people.</summary>
public static class CollectJudgements
{
    public sealed record Inputs(
        [property: Description("Comparisons.")] ArtifactRef Comparisons,
        [property: Description("Who answers, such as simulated.")] string Labeler,
        [property: Description("Seed of simulated labelers.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 100), Description("Judgements of each comparison, each by another labeler.")] int JudgementsPerComparison = 1,
        [property: Range(1, 1000), Description("Simulated: how many labelers there are.")] int SimulatedLabelers = 5,
        [property: Range(0.0, 100.0), Description("Simulated: noise of the average labeler, in units of gold score (Bradley-Terry); the most reliable has half, the least reliable one and a half times as much.")]
        double SimulatedNoise = 0.17,
        [property: Range(-10.0, 10.0), Description("Simulated: units of gold score that 100 more characters seem worth.")] double SimulatedLengthBias = 0.05,
        [property: Range(0.0, 1.0), Description("Simulated: share of answers given without looking.")] double SimulatedCareless = 0.05,
        [property: Range(0.0, 10.0), Description("Simulated: perceived differences smaller than this are called a tie.")] double SimulatedTieWidth = 0.05,
        [property: Range(0.0, 1.0), Description("Simulated: share of answers that come late.")] double SimulatedLateShare = 0.1,
        [property: Range(0.0, 1e6), Description("Simulated: how late, in seconds.")] double SimulatedLateSeconds = 1.0)
    {
        public HParams() : this(1) { }
    }

    public sealed record Outputs([property: Description("Judgements.")] ArtifactRef Judgements);

    public static readonly StepDescription Description = new(
        nameof(CollectJudgements), 1, StepKind.Effectful, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Asks a labeler to judge comparisons, blind, and waits until all have been answered.");
}
