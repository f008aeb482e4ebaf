using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Decides from all evidence so far whether the challenger may be promoted.</summary>
public static class DecideGate
{
    public sealed record Inputs(
        [property: Description("Champion.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Comparisons of this pass.")] ArtifactRef Comparisons,
        [property: Description("Their judgements.")] ArtifactRef Judgements,
        [property: Description("Evidence of earlier passes.")] ArtifactRef? Evidence = null);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("Decisive judgements (no ties) to decide on; later ones are not looked at.")] int DecisiveJudgements = 600,
        [property: Range(0.0, 1.0), Description("The interval's lower bound must lie above this win rate.")] double TargetWinRate = 0.5,
        [property: Range(0.5, 0.9999), Description("Confidence of the two-sided Wilson interval.")] double Confidence = 0.95,
        [property: Range(1, 1000), Description("Most passes of asking; then the challenger is rejected for want of judgements.")] int MaxPasses = 5)
    {
        public HParams() : this(600) { }
    }

    public sealed record Outputs(
        [property: Description("All comparisons and judgements so far.")] ArtifactRef Evidence,
        [property: Description("Decision with its reasons.")] ArtifactRef Decision);

    public static readonly StepDescription Description = new(
        nameof(DecideGate), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Decides promotion from human evaluation.")
    { Outcomes = ["Promote", "Reject", "NeedMoreJudgements"] };
}
