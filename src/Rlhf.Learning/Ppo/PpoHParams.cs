using Rlhf.Learning.Optimization;

namespace Rlhf.Learning.Ppo;

/// <summary>What a PPO training depends on besides its models, prompts and texts. A default of 0 means off unless said otherwise.</summary>
public sealed record PpoHParams
{
    public required int Updates { get; init; }

    /// <summary>First updates in which the value head alone is fitted.</summary>
    public int ValueWarmupUpdates { get; init; }

    /// <summary>Completions of a rollout.</summary>
    public required int RolloutSize { get; init; }

    /// <summary>Completions of each prompt in a rollout; divides the rollout.</summary>
    public int SamplesPerPrompt { get; init; } = 1;

    public int Epochs { get; init; } = 2;

    /// <summary>Completions of an optimizer step; divides the rollout.</summary>
    public required int MinibatchSize { get; init; }

    /// <summary>Completions of a forward and backward pass, whose gradients add up to exactly the minibatch's; divides it, 0 = all at once.</summary>
    public int MicrobatchSize { get; init; }

    public double LearningRate { get; init; } = 3e-4;

    public Anneal Anneal { get; init; } = Anneal.Linear;

    /// <summary>Updates over which the learning rate rises.</summary>
    public int WarmupUpdates { get; init; }

    public AdamHParams Adam { get; init; } = new();

    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Decay of the weights' moving average, below 1.</summary>
    public double Ema { get; init; }

    public double KlCoefficient { get; init; } = 0.05;

    public KlEstimator KlEstimator { get; init; } = KlEstimator.K1;

    public KlPlacement KlPlacement { get; init; } = KlPlacement.Reward;

    public KlControl KlControl { get; init; } = KlControl.Fixed;

    /// <summary>Sequence KL in nats that the adaptive coefficient aims at.</summary>
    public double KlTarget { get; init; } = 6;

    /// <summary>Completions over which the adaptive coefficient follows.</summary>
    public double KlHorizon { get; init; } = 10000;

    /// <summary>Approximate KL of a minibatch, in nats a token, above which the rest of the update is left out.</summary>
    public double KlStop { get; init; }

    /// <summary>Sequence KL of a rollout, in nats, above which the training ends.</summary>
    public double MaxSequenceKl { get; init; }

    public AdvantageEstimator Advantages { get; init; } = AdvantageEstimator.Gae;

    public double Gamma { get; init; } = 1;

    public double Lambda { get; init; } = 0.95;

    public WhiteningScope Whitening { get; init; } = WhiteningScope.Rollout;

    /// <summary>Of all whitening.</summary>
    public Variance WhiteningVariance { get; init; } = Variance.Biased;

    /// <summary>The probability ratio is clipped from 1 − this …</summary>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>… to 1 + this; as <see cref="ClipRange"/> where it is not set.</summary>
    public double ClipRangeHigh { get => field > 0 ? field : ClipRange; init; }

    /// <summary>Bound c of the loss −cA where A is negative, above 1 (Ye et al. 2020).</summary>
    public double DualClip { get; init; }

    /// <summary>Bound of |new − old log-probability| before the exponential.</summary>
    public double LogRatioClamp { get; init; } = 20;

    /// <summary>Mean ratio above which a minibatch changes nothing.</summary>
    public double MaxRatio { get; init; }

    public LossAggregation LossAggregation { get; init; } = LossAggregation.TokenMean;

    public double EntropyCoefficient { get; init; }

    public double ValueClipRange { get; init; } = 0.2;

    public double ValueCoefficient { get; init; } = 0.1;

    /// <summary>Divides scores by the running deviation of all scores so far (B13).</summary>
    public bool RewardScaling { get; init; }

    /// <summary>Bound of the score's magnitude.</summary>
    public double RewardClip { get; init; }

    /// <summary>Gives the rollout's token rewards deviation 1 and leaves their mean (B6).</summary>
    public bool RewardWhitening { get; init; }

    /// <summary>Taken off the score of a completion that did not end.</summary>
    public double MissingEosPenalty { get; init; } = 1;

    /// <summary>Largest penalty for length: grows linearly over the buffer's last tokens (B5; Yu et al. 2025).</summary>
    public double OverlongPenalty { get; init; }

    /// <summary>Tokens at which the overlong penalty is whole.</summary>
    public int OverlongLength { get; init; } = 64;

    /// <summary>Tokens before that over which it grows, at least 1.</summary>
    public int OverlongBuffer { get; init; } = 16;

    /// <summary>Taken off for every token beyond <see cref="LengthPenaltyFrom"/>.</summary>
    public double LengthPenalty { get; init; }

    public int LengthPenaltyFrom { get; init; }

    /// <summary>Weight of a language-modeling loss on texts (PPO-ptx, Ouyang et al. 2022).</summary>
    public double PtxCoefficient { get; init; }

    /// <summary>Texts an optimizer step.</summary>
    public int PtxBatchSize { get; init; } = 16;

    /// <summary>Divides the logits in sampling and in every log-probability (B11).</summary>
    public double Temperature { get; init; } = 1;

    public int MaxNewTokens { get; init; } = 64;

    public int Slots { get; init; } = 128;

    public long Seed { get; init; }
}
