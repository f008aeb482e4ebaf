using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>The clipped losses of proximal policy optimization (Schulman et al. 2017) for each token, all [batch, completion].</summary>
public static class PpoLoss
{
    /// <summary>
    /// max(−Aρ, −A·clip(ρ, 1 − low, 1 + high)) with ρ = e^(new − old), at most −cA where A &lt; 0 and the dual clip c is on; also where the clipped
    /// term counts, the ratio ρ, and new − old, all three without gradient.
    /// </summary>
    public static (Tensor Loss, Tensor Clipped, Tensor Ratio, Tensor Difference) Policy(
        Tensor logprobs, Tensor oldLogprobs, Tensor advantages, double low, double high, double dualClip = 0, double logRatioClamp = 0)
    {
        using var scope = NewDisposeScope();
        var difference = logprobs - oldLogprobs;
        var ratio = (logRatioClamp > 0 ? difference.clamp(Number(-logRatioClamp), Number(logRatioClamp)) : difference).exp();
        var plain = -advantages * ratio;
        var clipped = -advantages * ratio.clamp(Number(1 - low), Number(1 + high));
        var loss = maximum(plain, clipped);
        if (dualClip > 0) loss = where(advantages < Number(0), minimum(loss, advantages * Number(-dualClip)), loss);
        return (
            loss.MoveToOuterDisposeScope(), (clipped > plain).to_type(ScalarType.Float32).MoveToOuterDisposeScope(),
            ratio.detach().MoveToOuterDisposeScope(), difference.detach().MoveToOuterDisposeScope());
    }

    /// <summary>½·max((v − R)², (clip(v, V ± range) − R)²), and where the clipped term counts.</summary>
    public static (Tensor Loss, Tensor Clipped) Value(Tensor values, Tensor oldValues, Tensor returns, double range)
    {
        using var scope = NewDisposeScope();
        var clippedValues = maximum(minimum(values, oldValues.Plus(Number(range))), oldValues - Number(range));
        var plain = (values - returns).Squared();
        var clipped = (clippedValues - returns).Squared();
        return (maximum(plain, clipped).div(Number(2)).MoveToOuterDisposeScope(), (clipped > plain).to_type(ScalarType.Float32).MoveToOuterDisposeScope());
    }

    /// <summary>Mean over the entries where the mask is true.</summary>
    public static Tensor Mean(Tensor values, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var valid = mask.to_type(values.dtype);
        return ((values * valid).sum() / valid.sum()).MoveToOuterDisposeScope();
    }
}
