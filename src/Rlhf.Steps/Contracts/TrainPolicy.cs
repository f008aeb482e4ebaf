using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>How a helpfulness and a safety score become one: a weighted mean, the worse one, or safety alone below a threshold (Llama 2).</summary>
public enum AxesRule { Weighted, Worst, SafetyFirst }

/// <summary>PPO against a reward model with a KL penalty to the reference policy. A knob at 0, false or none is off.</summary>
public static class TrainPolicy
{
    public sealed record Inputs(
        [property: Description("Policy to start from: the champion.")] ArtifactRef Policy,
        [property: Description("Frozen policy the KL is measured to.")] ArtifactRef Reference,
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Prompt set; held-out prompts are not trained on.")] ArtifactRef Prompts,
        [property: Description("Seed of rollouts and order.")] long Seed,
        [property: Description("Texts for the language-modeling term; given exactly where ptxCoefficient is above 0.")] ArtifactRef? Texts = null,
        [property: Description("Second reward model, for safety; the first one is then for helpfulness.")] ArtifactRef? SafetyRewardModel = null,
        [property: Description("Where a training of the same inputs and hparams stopped with outcome Checkpoint; it goes on from there.")] ArtifactRef? Training = null);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("PPO updates.")] int Updates = 40,
        [property: Range(0, 1_000_000), Description("First updates that fit the value head alone, with advantages gae.")] int ValueWarmupUpdates = 2,
        [property: Range(1, 65536), Description("Completions per rollout.")] int RolloutSize = 128,
        [property: Range(1, 1024), Description("Completions of each prompt in a rollout; divides it. At least 2 with advantages rloo and group.")] int SamplesPerPrompt = 1,
        [property: Range(1, 100), Description("Passes over a rollout.")] int Epochs = 2,
        [property: Range(1, 65536), Description("Completions per optimizer step; divides the rollout.")] int MinibatchSize = 64,
        [property: Range(0, 65536), Description("Completions per forward and backward pass, accumulated to exactly the minibatch; divides it. 0: all at once.")] int MicrobatchSize = 0,
        [property: Range(1e-8, 1.0), Description("Peak learning rate.")] double LearningRate = 5e-4,
        [property: Description("How the learning rate goes on after its warm-up: linear or cosine to zero, constant.")] LearningRateAnneal LearningRateAnneal = LearningRateAnneal.Linear,
        [property: Range(0, 1_000_000), Description("Updates over which the learning rate rises.")] int WarmupUpdates = 0,
        [property: Range(0.0, 0.999999), Description("Adam's decay of the first moment.")] double AdamBeta1 = 0.9,
        [property: Range(0.0, 0.999999), Description("Adam's decay of the second moment.")] double AdamBeta2 = 0.999,
        [property: Range(1e-12, 0.1), Description("Adam's epsilon, added to the corrected root (PyTorch's placement).")] double AdamEpsilon = 1e-8,
        [property: Range(0.01, 1000.0), Description("Largest norm of the gradient.")] double MaxGradientNorm = 1.0,
        [property: Range(0.0, 0.999999), Description("Decay of the moving average of the weights, which then becomes the policy; 0: off.")] double Ema = 0,
        [property: Range(0.0, 10.0), Description("KL coefficient; with klControl adaptive the first one.")] double KlCoefficient = 0.05,
        [property: Description("Per-token KL estimator: k1, k2, k3, abs.")] KlEstimator KlEstimator = KlEstimator.K1,
        [property: Description("Where the KL counts: reward or loss.")] KlPlacement KlPlacement = KlPlacement.Reward,
        [property: Description("Whether the KL coefficient is fixed or adaptive.")] KlControl KlControl = KlControl.Fixed,
        [property: Range(0.001, 10000.0), Description("Sequence KL in nats that the adaptive coefficient aims at.")] double KlTarget = 6.0,
        [property: Range(1.0, 1e9), Description("Completions over which the adaptive coefficient follows; at least a fifth of the rollout.")] double KlHorizon = 10000.0,
        [property: Range(0.0, 100.0), Description("Approximate KL of a minibatch, in nats a token, that ends the update's epochs; 0: off.")] double KlStop = 0,
        [property: Range(0.0, 100_000.0), Description("Sequence KL of a rollout, in nats, that ends the training; 0: off.")] double MaxSequenceKl = 0,
        [property: Description("Advantages: gae (with a value function), rloo, group.")] AdvantageEstimator Advantages = AdvantageEstimator.Gae,
        [property: Range(0.0, 1.0), Description("Discount, with advantages gae.")] double Gamma = 1.0,
        [property: Range(0.0, 1.0), Description("GAE's lambda.")] double Lambda = 0.95,
        [property: Description("Over which tokens advantages are whitened: none, minibatch, rollout.")] WhiteningScope Whitening = WhiteningScope.Rollout,
        [property: Description("Variance of all whitening: biased (n) or unbiased (n - 1).")] WhiteningVariance WhiteningVariance = WhiteningVariance.Biased,
        [property: Range(0.01, 10.0), Description("The probability ratio is clipped from 1 - this.")] double ClipRange = 0.2,
        [property: Range(0.0, 10.0), Description("The probability ratio is clipped to 1 + this; 0: as clipRange.")] double ClipRangeHigh = 0,
        [property: Range(0.0, 1000.0), Description("Dual clip: bound c of the loss -cA of a negative advantage A, above 1; 0: off.")] double DualClip = 0,
        [property: Range(0.0, 80.0), Description("Bound of the logarithm of the probability ratio; 0: off.")] double LogRatioClamp = 20.0,
        [property: Range(0.0, 1e6), Description("Mean probability ratio above which a minibatch is skipped, above 1; 0: off.")] double MaxRatio = 0,
        [property: Description("How token losses become one: tokenMean, seqMeanTokenMean, seqMeanTokenSum, fixed (sum over maxNewTokens).")] LossAggregation LossAggregation = LossAggregation.TokenMean,
        [property: Range(0.0, 10.0), Description("Weight of the entropy bonus; 0: off.")] double EntropyCoefficient = 0,
        [property: Description("What the value head begins as: previous, zero, rewardModel.")] ValueInit ValueInit = ValueInit.Previous,
        [property: Range(0.01, 100.0), Description("Clip range of the value.")] double ValueClipRange = 0.2,
        [property: Range(0.0, 10.0), Description("Weight of the value loss.")] double ValueCoefficient = 0.1,
        [property: Description("Divides scores by the running deviation of all scores so far.")] bool RewardScaling = false,
        [property: Range(0.0, 1000.0), Description("Bound of the score, after scaling and before penalties; 0: off.")] double RewardClip = 0,
        [property: Description("Gives the token rewards of a rollout deviation 1, their mean kept.")] bool RewardWhitening = false,
        [property: Range(0.0, 100.0), Description("Taken off the score of a completion without end of sequence.")] double MissingEosPenalty = 1.0,
        [property: Range(0.0, 100.0), Description("Largest penalty for coming near overlongLength; 0: off.")] double OverlongPenalty = 0,
        [property: Range(1, 100_000), Description("Tokens at which the overlong penalty is whole.")] int OverlongLength = 64,
        [property: Range(1, 100_000), Description("Tokens before overlongLength over which its penalty grows.")] int OverlongBuffer = 16,
        [property: Range(0.0, 10.0), Description("Taken off the score for each token beyond lengthPenaltyFrom; 0: off.")] double LengthPenalty = 0,
        [property: Range(0, 100_000), Description("Tokens without length penalty.")] int LengthPenaltyFrom = 0,
        [property: Range(0.0, 100.0), Description("Weight of the language-modeling loss on texts (PPO-ptx); 0: off.")] double PtxCoefficient = 0,
        [property: Range(1, 4096), Description("Texts per optimizer step of that loss.")] int PtxBatchSize = 16,
        [property: Range(0.05, 10.0), Description("Sampling temperature; divides the logits in every log-probability too.")] double Temperature = 1.0,
        [property: Range(1, 100_000), Description("Longest completion, in tokens.")] int MaxNewTokens = 64,
        [property: Range(1, 4096), Description("Sequences decoded together.")] int Slots = 128,
        [property: Description("Keeps of each layer only its input and computes the layer again for the backward pass: less memory, more time, the same numbers.")] bool GradientCheckpointing = false,
        [property: Range(0, 4096), Description("Rank of a low-rank adapter (LoRA) that is trained instead of the weights; the reference is then the same weights without it. 0: off.")] int LoraRank = 0,
        [property: Range(0.001, 10000.0), Description("The adapter's update is scaled by this over the rank.")] double LoraAlpha = 16,
        [property: Description("Products of every layer that the adapter updates, by commas: all, or of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.")] string LoraTargets = "all",
        [property: Description("How the scores of an ensemble become one: mean, worst, uncertainty.")] EnsembleScore Ensemble = EnsembleScore.Mean,
        [property: Range(0.0, 100.0), Description("Uncertainty: what a unit of variance among the members takes off.")] double EnsembleCoefficient = 0.5,
        [property: Description("How helpfulness and safety become one score: weighted, worst, safetyFirst.")] AxesRule AxesRule = AxesRule.SafetyFirst,
        [property: Range(0.0, 1.0), Description("Weighted: share of the safety score.")] double SafetyWeight = 0.5,
        [property: Range(-100.0, 100.0), Description("Safety first: safety score, in deviations of the reference policy, below which it decides alone.")]
        double SafetyThreshold = -1.0,
        [property: Description("Scores each completion in a pass of a fixed shape: the score has the same bits whatever is scored beside it, in process and by servers of reward models. Somewhat slower.")]
        bool DeterministicScores = false,
        [property: Range(0.0, 0.999999), Description("Share of the updates after which the policy is kept as it stands then, before any averaging of weights, to be sampled from in later rounds (earlyPolicy); 0: none.")]
        double EarlyAt = 0,
        [property: Description("Sequence KLs of a rollout, in nats above the first rollout's (the starting policy's), rising, by commas, at which the training stops with outcome Checkpoint; empty or none: it goes through to its end.")]
        string KlGrid = "") : IValidated
    {
        public HParams() : this(40) { }

        /// <summary>The update, from 1, after which the policy is kept; 0: none.</summary>
        public int EarlyUpdate() => EarlyAt == 0 ? 0 : Math.Max(1, (int)Math.Round(EarlyAt * Updates));

        /// <summary>The values of <see cref="KlGrid"/>.</summary>
        public IReadOnlyList<double> KlStops() => TrainPolicyRules.Grid(KlGrid) ?? throw new InvalidOperationException($"'klGrid' is '{KlGrid}' and was not validated.");

        public string? Validate() => TrainPolicyRules.Broken(this);
    }

    public sealed record Outputs(
        [property: Description("Trained policy, with its value head where one is trained.")] ArtifactRef Policy,
        [property: Description("Mean sequence KL to the reference over the last rollouts, in nats.")] double SequenceKl,
        [property: Description("Mean score of the first rollout.")] double ProxyBefore,
        [property: Description("Mean score of the last rollouts.")] double ProxyAfter,
        [property: Description("Policy as it stood at earlyAt; none without it, and where maxSequenceKl ended the training before.")] ArtifactRef? EarlyPolicy = null,
        [property: Description("With outcome Checkpoint: the training's state, to go on from.")] ArtifactRef? Training = null,
        [property: Description("Updates done.")] int Update = 0);

    public static readonly StepDescription Description = new(
        nameof(TrainPolicy), 5, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Trains the policy by PPO, stopping at the checkpoints of a KL grid.")
    { Queue = "gpu", Outcomes = [Checkpoint, "Done"] };

    /// <summary>The training stopped at a value of its KL grid and can go on.</summary>
    public const string Checkpoint = "Checkpoint";
}
