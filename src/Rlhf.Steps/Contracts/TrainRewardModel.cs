using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Trains a reward model: a policy's decoder with a scalar head at the last token, Bradley-Terry loss.</summary>
public static class TrainRewardModel
{
    public sealed record Inputs(
        [property: Description("Policy whose decoder it starts from.")] ArtifactRef Backbone,
        [property: Description("Preference pairs; held-out ones are not trained on.")] ArtifactRef Preferences,
        [property: Description("Completions of the reference policy, on which the scores are normalized to mean 0 and deviation 1.")]
        ArtifactRef Completions,
        [property: Description("Prompt set the completions answer.")] ArtifactRef Prompts,
        [property: Description("Seed of head and order.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 100), Description("Passes over the pairs.")] int Epochs = 2,
        [property: Range(1, 4096), Description("Pairs per update.")] int BatchSize = 32,
        [property: Range(1e-7, 1.0), Description("Peak learning rate; falls to zero along a cosine.")] double LearningRate = 1e-3,
        [property: Range(0, 10000), Description("Updates over which the learning rate rises to its peak.")] int WarmupUpdates = 10,
        [property: Range(0.0, 1.0), Description("Decoupled weight decay.")] double WeightDecay = 0.01,
        [property: Range(2, 1_000_000), Description("Completions the scores are normalized on.")] int NormalizeOn = 512)
    {
        public HParams() : this(2) { }
    }

    public sealed record Outputs([property: Description("Reward model.")] ArtifactRef RewardModel);

    public static readonly StepDescription Description = new(
        nameof(TrainRewardModel), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Fits a reward model to preference pairs.")
    { Queue = "gpu" };
}
