using System.ComponentModel;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Decides from all evidence so far whether the challenger may be promoted.</summary>
public static class DecideGate
{
    public sealed record Inputs(
        [property: Description("Champion.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Criteria, the ones that the comparisons were made under.")] ArtifactRef Criteria,
        [property: Description("Comparisons of this pass.")] ArtifactRef Comparisons,
        [property: Description("Their judgements.")] ArtifactRef Judgements,
        [property: Description("Evidence of earlier passes.")] ArtifactRef? Evidence = null,
        [property: Description("Figures of the policies themselves.")] ArtifactRef? Measures = null,
        [property: Description("Report card of the reward model.")] ArtifactRef? ReportCard = null);

    public sealed record Outputs(
        [property: Description("All comparisons and judgements so far.")] ArtifactRef Evidence,
        [property: Description("Decision with its reasons.")] ArtifactRef Decision);

    public static readonly StepDescription Description = new(
        nameof(DecideGate), 2, StepKind.Pure, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Decides promotion from the evidence by criteria that were fixed before it.")
    { Outcomes = ["Promote", "Reject", "NeedMoreJudgements"] };
}
