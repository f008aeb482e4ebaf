using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>The clipped losses of proximal policy optimization (Schulman et al. 2017), means over the masked tokens.</summary>
public static class PpoLoss
{
    /// <summary>
    /// max(−Aρ, −A·clip(ρ, 1 ± range)) with ρ = e^(new − old); also the share of tokens where the clipped term counts, and ½·mean((new − old)²).
    /// All [batch, completion] → scalars.
    /// </summary>
    public static (Tensor Loss, Tensor ClipFraction, Tensor ApproximateKl) Policy(
        Tensor logprobs, Tensor oldLogprobs, Tensor advantages, Tensor mask, double clipRange)
    {
        using var scope = NewDisposeScope();
        var difference = logprobs - oldLogprobs;
        var ratio = difference.exp();
        var plain = -advantages * ratio;
        var clipped = -advantages * ratio.clamp(1 - clipRange, 1 + clipRange);
        return (
            Mean(maximum(plain, clipped), mask).MoveToOuterDisposeScope(),
            Mean((clipped > plain).to_type(ScalarType.Float32), mask).detach().MoveToOuterDisposeScope(),
            Mean(difference.square().div(2), mask).detach().MoveToOuterDisposeScope());
    }

    /// <summary>½·mean max((v − R)², (clip(v, V ± range) − R)²), and the share of tokens where the clipped term counts.</summary>
    public static (Tensor Loss, Tensor ClipFraction) Value(Tensor values, Tensor oldValues, Tensor returns, Tensor mask, double clipRange)
    {
        using var scope = NewDisposeScope();
        var clippedValues = maximum(minimum(values, oldValues + clipRange), oldValues - clipRange);
        var plain = (values - returns).square();
        var clipped = (clippedValues - returns).square();
        return (
            Mean(maximum(plain, clipped), mask).div(2).MoveToOuterDisposeScope(),
            Mean((clipped > plain).to_type(ScalarType.Float32), mask).detach().MoveToOuterDisposeScope());
    }

    /// <summary>Mean over the entries where the mask is true.</summary>
    public static Tensor Mean(Tensor values, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var valid = mask.to_type(values.dtype);
        return ((values * valid).sum() / valid.sum()).MoveToOuterDisposeScope();
    }
}
