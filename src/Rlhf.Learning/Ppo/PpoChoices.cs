namespace Rlhf.Learning.Ppo;

/// <summary>Whether the KL penalty is a part of each token's reward (Ziegler et al. 2019) or a term of the loss (GRPO, Shao et al. 2024).</summary>
public enum KlPlacement { Reward, Loss }

/// <summary>Whether the KL coefficient stays or follows a target (Ziegler et al. 2019, section 2.2).</summary>
public enum KlControl { Fixed, Adaptive }

/// <summary>
/// Generalized advantage estimation with a value function, the reward less the mean of the prompt's other completions (RLOO, Ahmadian et al. 2024),
/// or the reward normalized within the prompt's completions (GRPO, Shao et al. 2024).
/// </summary>
public enum AdvantageEstimator { Gae, Rloo, Group }

/// <summary>Over which tokens advantages get mean 0 and deviation 1.</summary>
public enum WhiteningScope { None, Minibatch, Rollout }

/// <summary>Variance with n (population) or n − 1 below the squares.</summary>
public enum Variance { Biased, Unbiased }

/// <summary>
/// How a loss of tokens becomes one number: mean over the tokens; mean over the completions of their token means, or of their token sums; or the
/// sum over a fixed number of tokens per completion (verl's <c>agg_loss</c>; Liu et al. 2025 for the last).
/// </summary>
public enum LossAggregation { TokenMean, SeqMeanTokenMean, SeqMeanTokenSum, Fixed }
