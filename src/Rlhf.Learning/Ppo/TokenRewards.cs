using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>The reward of every token of a rollout, [batch, completion].</summary>
static class TokenRewards
{
    /// <summary>−coefficient·KL where the KL is in the reward, plus the shaped score: at the last token, or spread by the scores at the tokens.</summary>
    public static Tensor Of(Rollout rollout, PpoHParams hparams, double coefficient)
    {
        using var scope = NewDisposeScope();
        var kl = hparams.KlPlacement == KlPlacement.Reward
            ? KlPenalty.Estimate(rollout.Logprobs, rollout.ReferenceLogprobs, hparams.KlEstimator)
            : zeros_like(rollout.Logprobs);
        var rewards = rollout.Potential is { } potential
            ? KlPenalty.Rewards(kl, rollout.Shaped - potential.sum(1), rollout.Batch.Lengths, coefficient).Plus(potential)
            : KlPenalty.Rewards(kl, rollout.Shaped, rollout.Batch.Lengths, coefficient);
        return rewards.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Scores at each token, by completion, times <paramref name="factor"/> → score less the score before it: a potential-based shaping (Ng et
    /// al. 1999) whose sum is the last score.
    /// </summary>
    public static Tensor Potential(IReadOnlyList<float[]> tokenScores, int width, double factor, Device device)
    {
        var values = new float[tokenScores.Count * width];
        for (var i = 0; i < tokenScores.Count; i++)
            for (var t = 0; t < tokenScores[i].Length; t++)
                values[i * width + t] = (float)(factor * (tokenScores[i][t] - (t > 0 ? (double)tokenScores[i][t - 1] : 0)));
        return tensor(values, [tokenScores.Count, width], device: device);
    }
}
