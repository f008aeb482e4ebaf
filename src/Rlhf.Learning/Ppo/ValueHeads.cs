using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Value heads that begin as something else.</summary>
public static class ValueHeads
{
    /// <summary>The reward model's head with its gain and bias worked in: on the same hidden state it gives the reward model's score.</summary>
    /// <exception cref="ArgumentException">The reward model is of another width than the policy.</exception>
    public static ScalarHead FromRewardModel(RewardModel rewardModel, int hiddenSize, Device device)
    {
        var width = rewardModel.Model.Config.HiddenSize;
        if (width != hiddenSize)
            throw new ArgumentException(
                $"'valueInit' is rewardModel, but the reward model's hidden size is {width} and the policy's {hiddenSize}; expected the same size, or 'valueInit' previous or zero.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var head = ScalarHead.Zero(hiddenSize, device);
        // The head's bias is its last number: score.weight, then score.bias.
        head.Parameters.Flat.copy_(rewardModel.Head.Parameters.Flat).mul_(Number(rewardModel.Normalization.Gain));
        head.Parameters.Flat.narrow(0, hiddenSize, 1).PlusInPlace(Number(rewardModel.Normalization.Bias));
        return head;
    }
}
