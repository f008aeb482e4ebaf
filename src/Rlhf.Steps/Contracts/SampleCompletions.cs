using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Samples completions of training and held-out prompts from a policy.</summary>
public static class SampleCompletions
{
    public sealed record Inputs(
        [property: Description("Policy to sample from.")] ArtifactRef Policy,
        [property: Description("Prompt set.")] ArtifactRef Prompts,
        [property: Description("Seed of the draw of prompts and of the sampling.")] long Seed,
        [property: Description("Supervised policy, for sftShare; without one the policy answers in its place.")] ArtifactRef? Sft = null,
        [property: Description("Policy from inside an earlier PPO training, for earlyShare; without one the policy answers in its place.")] ArtifactRef? Early = null,
        [property: Description("Reward model, for bestOfShare and adversarialShare; without one the policy answers in its place.")] ArtifactRef? RewardModel = null);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("Training prompts to answer.")] int TrainPrompts = 3000,
        [property: Range(1, 1_000_000), Description("Held-out prompts to answer.")] int HeldOutPrompts = 500,
        [property: Range(2, 64), Description("Completions of each prompt.")] int SamplesPerPrompt = 2,
        [property: Range(0.05, 10.0), Description("Sampling temperature.")] double Temperature = 1.0,
        [property: Range(0, 1_000_000), Description("Keep the k likeliest tokens; 0 keeps all.")] int TopK = 0,
        [property: Range(0.01, 1.0), Description("Keep the likeliest tokens up to this probability.")] double TopP = 1.0,
        [property: Range(1, 100_000), Description("Longest completion, in tokens.")] int MaxNewTokens = 64,
        [property: Range(1, 4096), Description("Sequences decoded together.")] int Slots = 128,
        [property: Range(0.0, 1.0), Description("Share of the completions, but each prompt's first, that the supervised policy writes. What the shares leave is the policy's.")]
        double SftShare = 0,
        [property: Range(0.0, 1.0), Description("Share that an earlier policy writes.")] double EarlyShare = 0,
        [property: Range(0.0, 1.0), Description("Share of the best of several by the reward model.")] double BestOfShare = 0,
        [property: Range(2, 64), Description("Of how many the best, or the most adversarial, is taken.")] int BestOf = 8,
        [property: Range(0.0, 1.0), Description("Share of completions of another prompt.")] double RandomShare = 0,
        [property: Range(0.0, 1.0), Description("Share of those that would deceive a reward model: of several the one that scores high and is unlikely, or the longest or shortest.")]
        double AdversarialShare = 0) : IValidated
    {
        public HParams() : this(3000) { }

        public string? Validate() => SftShare + EarlyShare + BestOfShare + RandomShare + AdversarialShare is var sum && sum > 1
            ? $"'sftShare' {SftShare}, 'earlyShare' {EarlyShare}, 'bestOfShare' {BestOfShare}, 'randomShare' {RandomShare} and 'adversarialShare' {AdversarialShare} are {sum} together; expected at most 1."
            : null;
    }

    public sealed record Outputs([property: Description("Completions.")] ArtifactRef Completions);

    public static readonly StepDescription Description = new(
        nameof(SampleCompletions), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Samples completions from the current policy, and from other sources in a stated mix.")
    { Queue = "gpu" };
}
