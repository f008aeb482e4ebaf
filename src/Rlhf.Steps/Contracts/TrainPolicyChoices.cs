namespace Rlhf.Steps.Contracts;

/// <summary>Estimators of the per-token KL from x = logprob − reference logprob: x, x²/2, e^−x − 1 + x, |x|.</summary>
public enum KlEstimator { K1, K2, K3, Abs }

/// <summary>Whether the KL penalty is a part of each token's reward or a term of the loss.</summary>
public enum KlPlacement { Reward, Loss }

/// <summary>Whether the KL coefficient stays or follows a target.</summary>
public enum KlControl { Fixed, Adaptive }

/// <summary>With a value function (GAE), or against the prompt's other completions: their mean (RLOO), or normalized within the group.</summary>
public enum AdvantageEstimator { Gae, Rloo, Group }

/// <summary>Over which tokens advantages get mean 0 and deviation 1.</summary>
public enum WhiteningScope { None, Minibatch, Rollout }

/// <summary>Variance with n or with n − 1 below the squares.</summary>
public enum WhiteningVariance { Biased, Unbiased }

/// <summary>How the losses of tokens become one number.</summary>
public enum LossAggregation { TokenMean, SeqMeanTokenMean, SeqMeanTokenSum, Fixed }

/// <summary>What the value head begins as: the policy's own of the last round (zero where it has none), zero, or the reward model's head.</summary>
public enum ValueInit { Previous, Zero, RewardModel }

/// <summary>How the learning rate goes on after its warm-up: to zero linearly or along half a cosine, or not at all.</summary>
public enum LearningRateAnneal { Linear, Cosine, Constant }
