using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Simulated labelers only: what their hidden preference says of the evaluation and of the reward model. Nothing decides by it.</summary>
public static class MeasureGold
{
    public sealed record Inputs(
        [property: Description("Evidence of the gate.")] ArtifactRef Evidence,
        [property: Description("Report card of the reward model.")] ArtifactRef ReportCard);

    public sealed record Outputs([property: Description("Gold report (simulated).")] ArtifactRef Gold);

    public static readonly StepDescription Description = new(
        nameof(MeasureGold), 1, StepKind.Pure, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Measures completions and reward model by the simulated labelers' hidden preference.");
}
