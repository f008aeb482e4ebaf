namespace Rlhf.Learning.Ppo;

/// <summary>What a PPO training depends on besides its models and prompts. Names and meanings as in Ziegler et al. 2019.</summary>
public sealed record PpoHParams
{
    public required int Updates { get; init; }

    /// <summary>First updates in which the value head alone is fitted.</summary>
    public int ValueWarmupUpdates { get; init; }

    public required int RolloutSize { get; init; }

    public int Epochs { get; init; } = 2;

    public required int MinibatchSize { get; init; }

    public double LearningRate { get; init; } = 3e-4;

    public double KlCoefficient { get; init; } = 0.05;

    public KlEstimator KlEstimator { get; init; } = KlEstimator.K1;

    public double Gamma { get; init; } = 1;

    public double Lambda { get; init; } = 0.95;

    public double ClipRange { get; init; } = 0.2;

    public double ValueClipRange { get; init; } = 0.2;

    public double ValueCoefficient { get; init; } = 0.1;

    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Taken off the score of a completion that did not end.</summary>
    public double MissingEosPenalty { get; init; } = 1;

    public double Temperature { get; init; } = 1;

    public int MaxNewTokens { get; init; } = 64;

    public int Slots { get; init; } = 128;

    public long Seed { get; init; }
}
