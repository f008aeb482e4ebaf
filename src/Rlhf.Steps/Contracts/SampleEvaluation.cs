using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Lets champion and challenger answer the same held-out prompts; the pairs go blind to the labelers.</summary>
public static class SampleEvaluation
{
    public sealed record Inputs(
        [property: Description("Champion.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Prompt set; only held-out prompts are asked.")] ArtifactRef Prompts,
        [property: Description("Criteria that will decide.")] ArtifactRef Criteria,
        [property: Description("Seed of prompts, sampling and sides.")] long Seed,
        [property: Description("Evidence so far; its prompts are not asked again.")] ArtifactRef? Evidence = null,
        [property: Description("Preference pairs of all rounds; a prompt that was trained on is refused.")] ArtifactRef? Preferences = null,
        [property: Description("An earlier champion, which the challenger is compared with for the ratings.")] ArtifactRef? Earlier = null);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("Prompts to ask about in one pass; the gate looks after each pass.")] int Comparisons = 200,
        [property: Range(0.05, 10.0), Description("Sampling temperature.")] double Temperature = 1.0,
        [property: Range(0, 1_000_000), Description("Keep the k likeliest tokens; 0 keeps all.")] int TopK = 0,
        [property: Range(0.01, 1.0), Description("Keep the likeliest tokens up to this probability.")] double TopP = 1.0,
        [property: Range(1, 100_000), Description("Longest completion, in tokens.")] int MaxNewTokens = 64,
        [property: Range(0.0, 1.0), Description("Share of the prompts on which the challenger is also compared with an earlier champion, where there is one: for the ratings; it decides nothing.")] double EarlierShare = 0,
        [property: Range(1, 4096), Description("Sequences decoded together.")] int Slots = 128)
    {
        public HParams() : this(200) { }
    }

    public sealed record Outputs([property: Description("Comparisons.")] ArtifactRef Comparisons);

    public static readonly StepDescription Description = new(
        nameof(SampleEvaluation), 2, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Samples champion and challenger on held-out prompts.")
    { Queue = "gpu" };
}
