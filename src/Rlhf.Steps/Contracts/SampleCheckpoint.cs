using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>
/// What a checkpoint of PPO and the policy that the training started from write to training prompts, scored by the reward model, and a few of them as
/// comparisons for a labeler. Held-out prompts are left to the gate.
/// </summary>
public static class SampleCheckpoint
{
    public sealed record Inputs(
        [property: Description("Policy at the checkpoint.")] ArtifactRef Policy,
        [property: Description("Champion: the policy the training started from.")] ArtifactRef Champion,
        [property: Description("Frozen policy the training's KL is measured to.")] ArtifactRef Reference,
        [property: Description("Reward model of the training.")] ArtifactRef RewardModel,
        [property: Description("Prompt set.")] ArtifactRef Prompts,
        [property: Description("Seed of the draw of prompts, of sampling and of sides.")] long Seed,
        [property: Description("Axis that is judged by; empty: preference.")] string? Axis = null);

    public sealed record HParams(
        [property: Range(2, 1_000_000), Description("Training prompts that both policies answer once; all there are where they are fewer. Each checkpoint draws its own.")] int Samples = 512,
        [property: Range(1, 1_000_000), Description("Of them, how many are put to the labeler.")] int Judged = 100,
        [property: Range(0.05, 10.0), Description("Sampling temperature; divides the logits in every log-probability too.")] double Temperature = 1.0,
        [property: Range(1, 100_000), Description("Longest completion, in tokens.")] int MaxNewTokens = 64,
        [property: Range(1, 4096), Description("Sequences decoded together.")] int Slots = 128,
        [property: Range(1, 4096), Description("Sequences computed together.")] int BatchSize = 32) : IValidated
    {
        public HParams() : this(512) { }

        public string? Validate() => Judged > Samples ? $"'judged' is {Judged}; expected at most 'samples' ({Samples})." : null;
    }

    public sealed record Outputs(
        [property: Description("Samples of both policies with scores and log-probabilities.")] ArtifactRef Samples,
        [property: Description("Comparisons of the checkpoint's completions with the starting policy's.")] ArtifactRef Comparisons);

    public static readonly StepDescription Description = new(
        nameof(SampleCheckpoint), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Samples a checkpoint of PPO and the policy it started from, scores both, and asks which is better.")
    { Queue = "gpu" };
}
