using System.ComponentModel;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Fixes the criteria of a gate by their hash, before anything is judged.</summary>
public static class FixCriteria
{
    public sealed record Inputs(
        [property: Description("A file of workflows/gates without its ending, or a criteria artifact; empty: sandbox in the environment sandbox, default elsewhere.")] string? Gate = null);

    public sealed record Outputs([property: Description("Criteria.")] ArtifactRef Criteria);

    public static readonly StepDescription Description = new(
        nameof(FixCriteria), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Fixes the criteria of the gate before the first judgement.");
}
