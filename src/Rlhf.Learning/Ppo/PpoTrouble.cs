namespace Rlhf.Learning.Ppo;

/// <summary>Kinds of trouble that a PPO training is known for.</summary>
[Flags]
enum TroubleKinds
{
    None = 0,
    NegativeKl = 1,
    RatioSpike = 2,
    NoEnd = 4,
    ValueWorseThanMean = 8,
    NoScoreVariance = 16,
}

/// <summary>Reads the metrics of one update for trouble: what was seen, why that happens, which knob to turn.</summary>
public static class PpoTrouble
{
    /// <summary>Nats below zero that sampling noise does not explain.</summary>
    const double NegativeKl = -0.25;

    const double MeanRatio = 2, LargestRatio = 100, FewFinished = 0.02, SmallDeviation = 0.01;

    /// <summary>A sentence or two for each kind of trouble, none where all is well.</summary>
    public static IReadOnlyList<string> Explain(IReadOnlyDictionary<string, double> metrics) => [.. Find(metrics).Select(t => t.Sentence)];

    internal static IEnumerable<(TroubleKinds Kind, string Sentence)> Find(IReadOnlyDictionary<string, double> metrics)
    {
        if (metrics.TryGetValue("objective/kl", out var kl) && kl < NegativeKl)
            yield return (TroubleKinds.NegativeKl,
                $"The KL to the reference is negative (objective/kl {kl:0.00}): a true KL never is, so the completions are not drawn from the policy that is measured, or it has learned to write what the reference finds likelier than the policy does. Check that 'temperature' is that of sampling; use 'klEstimator' k3 or abs, which can't be paid for by negative tokens, or raise 'klCoefficient'.");
        var mean = metrics.GetValueOrDefault("ppo/policy/ratio", 1);
        var largest = metrics.GetValueOrDefault("ppo/policy/ratio_max", 1);
        if (mean > MeanRatio || largest > LargestRatio)
            yield return (TroubleKinds.RatioSpike,
                $"The probability ratio spikes (mean {mean:0.00}, largest {largest:0.0}): the policy moves too far within one update, so that its rollout no longer stands for it. Lower 'learningRate' or 'epochs', set 'klStop' (for example 0.02), or skip such minibatches with 'maxRatio' (for example 2).");
        if (metrics.TryGetValue("completion/finished", out var finished) && finished < FewFinished)
            yield return (TroubleKinds.NoEnd,
                $"Hardly a completion ends ({finished:P0} with an end of sequence): the policy has not learned to stop, or 'maxNewTokens' is shorter than its texts, so that the reward model scores cut texts. Raise 'maxNewTokens' or 'missingEosPenalty', and check that the supervised texts end with an end of sequence.");
        // Before the policy is trained the value head is still being fitted.
        if (metrics.TryGetValue("ppo/val/var_explained", out var explained) && explained < 0 && metrics.ContainsKey("ppo/loss/policy"))
            yield return (TroubleKinds.ValueWorseThanMean,
                $"The value head predicts worse than a constant (ppo/val/var_explained {explained:0.00}), so that advantages are mostly its error: the reward's scale has changed or the head was hardly fitted. Raise 'valueWarmupUpdates' or 'valueClipRange', start with 'valueInit' zero, or do without one: 'advantages' rloo.");
        if (metrics.TryGetValue("objective/score_std", out var deviation) && deviation < SmallDeviation)
            yield return (TroubleKinds.NoScoreVariance,
                $"All completions score the same (objective/score_std {deviation:0.0000}): there is nothing to prefer, so that only noise and the KL are learned. The policy has collapsed onto one text or the reward model can't tell its texts apart: raise 'klCoefficient', 'entropyCoefficient' or 'temperature', or train the reward model on newer comparisons.");
    }
}
