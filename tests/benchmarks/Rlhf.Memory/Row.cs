namespace Rlhf.Memory;

/// <summary>One measured step: how it is called and how its models and trainer are made.</summary>
sealed record Row(string Name, Func<IStep> Start)
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("PPO update, all weights", () => new PpoStep(lowRank: false, checkpoint: false)),
        new("PPO update, all weights, checkpoints", () => new PpoStep(lowRank: false, checkpoint: true)),
        new("PPO update, adapter of rank 8", () => new PpoStep(lowRank: true, checkpoint: false)),
        new("PPO update, adapter of rank 8, checkpoints", () => new PpoStep(lowRank: true, checkpoint: true)),
        new("reward step, 4 pairs of 128 tokens", () => new RewardStep(tokens: 128, checkpoint: false)),
        new("reward step, 4 pairs of 128 tokens, checkpoints", () => new RewardStep(tokens: 128, checkpoint: true)),
        new("reward step, 4 pairs of 512 tokens", () => new RewardStep(tokens: 512, checkpoint: false)),
        new("reward step, 4 pairs of 512 tokens, checkpoints", () => new RewardStep(tokens: 512, checkpoint: true)),
    ];
}

/// <summary>A training step whose models are made and which has not run yet.</summary>
interface IStep : IDisposable
{
    void Run();

    /// <summary>The trained weights, little-endian float32.</summary>
    byte[] Weights();
}
