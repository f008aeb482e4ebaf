using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Generalized advantage estimation (Schulman et al. 2016) over right-padded completions, and whitening.</summary>
public static class Advantages
{
    /// <summary>
    /// Rewards, values and mask [batch, completion] → advantages A and returns A + V: δ = r + γV' − V, A = δ + γλA'. Beyond the end A is 0.
    /// </summary>
    public static (Tensor Advantages, Tensor Returns) Compute(Tensor rewards, Tensor values, Tensor mask, double gamma, double lambda)
    {
        using var scope = NewDisposeScope();
        var valid = mask.to_type(values.dtype);
        var known = values * valid;
        var steps = (int)rewards.shape[1];
        var columns = new Tensor[steps];
        var next = zeros_like(rewards[.., 0]);
        var nextValue = zeros_like(next);
        for (var t = steps - 1; t >= 0; t--)
        {
            var delta = rewards[.., t].Plus(Number(gamma) * nextValue) - known[.., t];
            next = delta.Plus(Number(gamma * lambda) * next) * valid[.., t];
            nextValue = known[.., t];
            columns[t] = next;
        }
        var advantages = stack(columns, 1);
        return (advantages.MoveToOuterDisposeScope(), advantages.Plus(known).MoveToOuterDisposeScope());
    }

    /// <summary>Deviation 1 over the masked entries (ε 1e-8 in the variance), and mean 0 unless <paramref name="keepMean"/>; 0 elsewhere.</summary>
    public static Tensor Whiten(Tensor values, Tensor mask, Variance variance = Variance.Biased, bool keepMean = false)
    {
        using var scope = NewDisposeScope();
        var valid = mask.to_type(values.dtype);
        var count = valid.sum();
        var mean = (values * valid).sum() / count;
        var squares = ((values - mean).Squared() * valid).sum() / (variance == Variance.Biased ? count : count - Number(1));
        var white = (values - mean) * squares.Plus(Number(1e-8)).rsqrt();
        return ((keepMean ? white.Plus(mean) : white) * valid).MoveToOuterDisposeScope();
    }
}
