using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Estimators of the per-token KL from x = logprob − reference logprob: x, x²/2, e^−x − 1 + x, |x|.</summary>
public enum KlEstimator { K1, K2, K3, Abs }

/// <summary>PPO against a reward model with a per-token KL penalty to the reference policy.</summary>
public static class TrainPolicy
{
    public sealed record Inputs(
        [property: Description("Policy to start from: the champion.")] ArtifactRef Policy,
        [property: Description("Frozen policy the KL is measured to.")] ArtifactRef Reference,
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Prompt set; held-out prompts are not trained on.")] ArtifactRef Prompts,
        [property: Description("Seed of rollouts and order.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("PPO updates.")] int Updates = 40,
        [property: Range(1, 1_000_000), Description("First updates that fit the value head alone.")] int ValueWarmupUpdates = 2,
        [property: Range(1, 65536), Description("Prompts per rollout.")] int RolloutSize = 128,
        [property: Range(1, 100), Description("Passes over a rollout.")] int Epochs = 2,
        [property: Range(1, 65536), Description("Completions per minibatch; divides the rollout.")] int MinibatchSize = 64,
        [property: Range(1e-8, 1.0), Description("Learning rate; falls linearly to zero.")] double LearningRate = 5e-4,
        [property: Range(0.0, 10.0), Description("KL coefficient.")] double KlCoefficient = 0.05,
        [property: Description("Per-token KL estimator.")] KlEstimator KlEstimator = KlEstimator.K1,
        [property: Range(0.0, 1.0), Description("Discount.")] double Gamma = 1.0,
        [property: Range(0.0, 1.0), Description("GAE's lambda.")] double Lambda = 0.95,
        [property: Range(0.01, 10.0), Description("Clip range of the probability ratio.")] double ClipRange = 0.2,
        [property: Range(0.01, 100.0), Description("Clip range of the value.")] double ValueClipRange = 0.2,
        [property: Range(0.0, 10.0), Description("Weight of the value loss.")] double ValueCoefficient = 0.1,
        [property: Range(0.01, 1000.0), Description("Largest norm of the gradient.")] double MaxGradientNorm = 1.0,
        [property: Range(0.0, 100.0), Description("Taken off the score of a completion without end of sequence.")] double MissingEosPenalty = 1.0,
        [property: Range(0.05, 10.0), Description("Sampling temperature; divides the logits in every log-probability too.")] double Temperature = 1.0,
        [property: Range(1, 100_000), Description("Longest completion, in tokens.")] int MaxNewTokens = 64,
        [property: Range(1, 4096), Description("Sequences decoded together.")] int Slots = 128) : IValidated
    {
        public HParams() : this(40) { }

        public string? Validate() =>
            RolloutSize % MinibatchSize != 0 ? $"'rolloutSize' is {RolloutSize}; expected a multiple of 'minibatchSize' ({MinibatchSize})."
            : ValueWarmupUpdates >= Updates ? $"'valueWarmupUpdates' is {ValueWarmupUpdates}; expected fewer than 'updates' ({Updates})."
            : null;
    }

    public sealed record Outputs(
        [property: Description("Trained policy, with its value head.")] ArtifactRef Policy,
        [property: Description("Mean sequence KL to the reference over the last rollouts, in nats.")] double SequenceKl,
        [property: Description("Mean score of the first rollout.")] double ProxyBefore,
        [property: Description("Mean score of the last rollouts.")] double ProxyAfter);

    public static readonly StepDescription Description = new(
        nameof(TrainPolicy), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Trains the policy by PPO.")
    { Queue = "gpu" };
}
