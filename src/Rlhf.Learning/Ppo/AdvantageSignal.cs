using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>From a rollout's rewards to what the policy and the value head are trained on.</summary>
static class AdvantageSignal
{
    /// <summary>Advantages by the chosen estimator, whitened where that is over the rollout, and returns where a value function is trained.</summary>
    public static (Tensor Advantages, Tensor? Returns) Of(Rollout rollout, Tensor rewards, PpoHParams hparams)
    {
        using var scope = NewDisposeScope();
        var mask = rollout.Batch.Mask;
        if (hparams.RewardWhitening) rewards = Advantages.Whiten(rewards, mask, hparams.WhiteningVariance, keepMean: true);
        Tensor advantages;
        Tensor? returns = null;
        if (rollout.Values is { } values) (advantages, returns) = Advantages.Compute(rewards, values, mask, hparams.Gamma, hparams.Lambda);
        else advantages = GroupBaselines.Compute(rewards, mask, hparams.SamplesPerPrompt, hparams.Advantages);
        if (hparams.Whitening == WhiteningScope.Rollout) advantages = Advantages.Whiten(advantages, mask, hparams.WhiteningVariance);
        return (advantages.MoveToOuterDisposeScope(), returns?.MoveToOuterDisposeScope());
    }
}
