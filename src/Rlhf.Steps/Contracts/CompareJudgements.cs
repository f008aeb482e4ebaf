using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Says how far two sets of judgements of the same comparisons agree, and whether that is enough.</summary>
public static class CompareJudgements
{
    public sealed record Inputs(
        [property: Description("Comparisons that both judged.")] ArtifactRef Comparisons,
        [property: Description("Judgements that are checked; those of other comparisons are left aside.")] ArtifactRef Judgements,
        [property: Description("Judgements that they are checked by.")] ArtifactRef Check);

    public sealed record HParams(
        [property: Range(0.0, 1.0), Description("Least share of comparisons on which the majorities of both must say the same: one side, a tie or the other.")] double LeastAgreement = 0.6)
    {
        public HParams() : this(0.6) { }
    }

    public sealed record Outputs(
        [property: Description("Agreement with its interval.")] ArtifactRef Agreement,
        [property: Description("Share of the compared ones on which both say the same.")] double Share,
        [property: Description("Comparisons on which both have a majority.")] int Compared);

    public static readonly StepDescription Description = new(
        nameof(CompareJudgements), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Measures how far one labeler says what another one says.")
    { Outcomes = ["Agree", "Disagree"] };
}
