using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>The reward of every token of a rollout, [batch, completion].</summary>
static class TokenRewards
{
    /// <summary>−coefficient·KL where the KL is in the reward, plus the shaped score at the last token.</summary>
    public static Tensor Of(Rollout rollout, PpoHParams hparams, double coefficient)
    {
        using var scope = NewDisposeScope();
        var kl = hparams.KlPlacement == KlPlacement.Reward
            ? KlPenalty.Estimate(rollout.Logprobs, rollout.ReferenceLogprobs, hparams.KlEstimator)
            : zeros_like(rollout.Logprobs);
        return KlPenalty.Rewards(kl, rollout.Shaped, rollout.Batch.Lengths, coefficient).MoveToOuterDisposeScope();
    }
}
