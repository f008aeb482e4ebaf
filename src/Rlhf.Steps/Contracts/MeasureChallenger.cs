using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Measures champion and challenger on an evaluation's completions: proxy, KL, length, diversity, refusals, what was forgotten.</summary>
public static class MeasureChallenger
{
    public sealed record Inputs(
        [property: Description("Champion.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Policy the KL is measured to.")] ArtifactRef Reference,
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Comparisons of the evaluation.")] ArtifactRef Comparisons,
        [property: Description("Measures of an earlier pass; they stay.")] ArtifactRef? Measures = null,
        [property: Description("Held-out texts for the language-model loss (.txt, .jsonl, .json), which no training may have seen; empty: what the reference policy writes to the evaluation's prompts.")]
        ArtifactRef? Texts = null);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("Prompts, and sequences of held-out text, at most.")] int Prompts = 200,
        [property: Range(0.05, 10.0), Description("Temperature that the evaluation was sampled at, by which the KL's log-probabilities are taken.")] double Temperature = 1.0,
        [property: Range(1, 4096), Description("Sequences computed together.")] int BatchSize = 32)
    {
        public HParams() : this(200) { }
    }

    public sealed record Outputs([property: Description("Measures.")] ArtifactRef Measures);

    public static readonly StepDescription Description = new(
        nameof(MeasureChallenger), 2, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Measures champion and challenger on the evaluation's completions.")
    { Queue = "gpu" };
}
