using Rlhf.Steps.Artifacts;

namespace Rlhf.Experiments.Ppo;

/// <summary>A policy on the way of a PPO training.</summary>
/// <param name="Update">Updates it has had; 0 is the policy that the training started from.</param>
sealed record Snapshot(ArtifactRef Policy, int Update);

/// <summary>What was measured of a snapshot on held-out prompts.</summary>
/// <param name="Kl">Sequence KL, in nats, over all completions.</param>
/// <param name="KlError">Its standard error.</param>
/// <param name="Proxy">Scores, in the order of the completions.</param>
/// <param name="Gold">Gold scores of the same.</param>
/// <param name="Fresh">Gold scores of other completions of the same prompts.</param>
/// <param name="Judged">Comparisons with the starting policy's completions, by simulated labelers, one a prompt, in sixths: 1 where it is much better, a half for a tie, 0 where it is much worse.</param>
sealed record Measured(int Update, double Kl, double KlError, double[] Proxy, double[] Gold, double[] Fresh, double[] Judged);

/// <summary>All snapshots of one seed: the starting policy, those of the grid, the last one.</summary>
sealed record PpoRun(long Seed, double RewardModelAccuracy, double Seconds, IReadOnlyList<Measured> Points);
