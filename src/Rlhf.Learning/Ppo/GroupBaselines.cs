using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Advantages without a value function: each completion against the others of its prompt, the same number at each of its tokens.</summary>
public static class GroupBaselines
{
    /// <summary>
    /// Rewards and mask [batch, completion], where <paramref name="size"/> (2 and up) rows after each other answer one prompt → advantages: the
    /// completion's reward less the mean of the others' (RLOO), or less the mean of all over their deviation with n − 1 (group).
    /// </summary>
    public static Tensor Compute(Tensor rewards, Tensor mask, int size, AdvantageEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var valid = mask.to_type(rewards.dtype);
        var totals = (rewards * valid).sum(1).view(-1, size); // [prompts, size]
        var mean = totals.mean([1], keepdim: true);
        var advantages = estimator switch
        {
            AdvantageEstimator.Rloo => (totals - mean) * Number((double)size / (size - 1)),
            AdvantageEstimator.Group => (totals - mean) / (totals - mean).Squared().sum(1, keepdim: true).div(Number(size - 1)).sqrt().Plus(Number(1e-8)),
            _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "expected Rloo or Group"),
        };
        return (advantages.view(-1, 1) * valid).MoveToOuterDisposeScope();
    }
}
