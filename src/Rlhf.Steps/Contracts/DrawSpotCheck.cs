using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Draws a share of comparisons, which somebody else judges too.</summary>
public static class DrawSpotCheck
{
    public sealed record Inputs(
        [property: Description("Comparisons.")] ArtifactRef Comparisons,
        [property: Description("Seed of the draw.")] long Seed);

    public sealed record HParams(
        [property: Range(0.0, 1.0), Description("Share of the comparisons that is drawn.")] double Share = 0.1,
        [property: Range(1, 1_000_000), Description("How many are drawn at least, where there are so many.")] int Least = 30)
    {
        public HParams() : this(0.1) { }
    }

    public sealed record Outputs([property: Description("The drawn comparisons, as they are.")] ArtifactRef SpotCheck);

    public static readonly StepDescription Description = new(
        nameof(DrawSpotCheck), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Draws comparisons, uniformly, for a second labeler to check the first one by.");
}
