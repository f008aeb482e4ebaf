using System.Globalization;
using Rlhf.Pipeline.Planning;
using Rlhf.Steps.Contracts;

namespace Rlhf.Memory;

/// <summary>One measured step: how it is called, how its models and trainer are made, and the step of a round that is planned as it is.</summary>
sealed record Row(string Name, Func<IStep> Start, string Step, PlanTexts Texts, RoundHParams HParams)
{
    // The reward model reads an end of sequence behind prompt and completion.
    const int PromptTokens = PpoStep.PromptTokens;

    public static IReadOnlyList<Row> All { get; } =
    [
        Ppo("3 PPO updates, all weights", lowRank: false, checkpoint: false),
        Ppo("3 PPO updates, all weights, checkpoints", lowRank: false, checkpoint: true),
        Ppo("3 PPO updates, adapter of rank 8", lowRank: true, checkpoint: false),
        Ppo("3 PPO updates, adapter of rank 8, checkpoints", lowRank: true, checkpoint: true),
        Reward("3 reward steps, 4 pairs of 128 tokens", tokens: 128, checkpoint: false),
        Reward("3 reward steps, 4 pairs of 128 tokens, checkpoints", tokens: 128, checkpoint: true),
        Reward("3 reward steps, 4 pairs of 512 tokens", tokens: 512, checkpoint: false),
        Reward("3 reward steps, 4 pairs of 512 tokens, checkpoints", tokens: 512, checkpoint: true),
    ];

    static Row Ppo(string name, bool lowRank, bool checkpoint) => new(
        name, () => new PpoStep(lowRank, checkpoint), nameof(TrainPolicy), new(PromptTokens, null),
        Round(PpoStep.NewTokens) with
        {
            TrainPolicy = new(PpoStep.Updates)
            {
                RolloutSize = PpoStep.Rollout,
                MinibatchSize = PpoStep.Minibatch,
                MicrobatchSize = PpoStep.Microbatch,
                Epochs = 1,
                MaxNewTokens = PpoStep.NewTokens,
                Slots = PpoStep.Rollout,
                ValueWarmupUpdates = 0,
                LoraRank = lowRank ? PpoStep.Rank : 0,
                GradientCheckpointing = checkpoint,
            },
        });

    static Row Reward(string name, int tokens, bool checkpoint) => new(
        name, () => new RewardStep(tokens, checkpoint), nameof(TrainRewardModel), new(PromptTokens, null),
        Round(tokens - PromptTokens - 1) with { TrainRewardModel = new(1) { BatchSize = RewardStep.Batch, NormalizeOn = 0, GradientCheckpointing = checkpoint } });

    // Completions of the reward steps are its pairs, all of them for training.
    static RoundHParams Round(int newTokens) => new(
        new(RewardStep.Pairs) { HeldOutPrompts = 0, MaxNewTokens = newTokens, Slots = PpoStep.Rollout }, new(RewardStep.Pairs), new(1), new(1), new(1), new(1));
}

/// <summary>A training step whose models are made and which has not run yet.</summary>
interface IStep : IDisposable
{
    void Run();

    /// <summary>The trained weights, little-endian float32.</summary>
    byte[] Weights();
}
