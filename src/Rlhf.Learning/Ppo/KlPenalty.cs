using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Estimators of the per-token KL from x = logprob − reference logprob (Schulman 2020): x, x²/2, e^−x − 1 + x, |x|.</summary>
public enum KlEstimator { K1, K2, K3, Abs }

public static class KlPenalty
{
    /// <summary>Log-probabilities [batch, completion] → KL estimate per token, same shape.</summary>
    public static Tensor Estimate(Tensor logprobs, Tensor referenceLogprobs, KlEstimator estimator)
    {
        using var scope = NewDisposeScope();
        var x = logprobs - referenceLogprobs;
        return (estimator switch
        {
            KlEstimator.K1 => x,
            KlEstimator.K2 => x.Squared().div(Number(2)),
            KlEstimator.K3 => x.neg().exp().sub(Number(1)).Plus(x),
            KlEstimator.Abs => x.abs(),
            _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "expected K1, K2, K3 or Abs"),
        }).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Rewards [batch, completion]: −coefficient·KL at every token of the completion, plus the score [batch] at its last one
    /// (Ziegler et al. 2019). <paramref name="lengths"/> [batch] counts the completion's tokens, at least 1; what follows is 0.
    /// </summary>
    public static Tensor Rewards(Tensor kl, Tensor scores, Tensor lengths, double coefficient)
    {
        using var scope = NewDisposeScope();
        var position = Range(kl.shape[1], device: kl.device).unsqueeze(0);
        var mask = position < lengths.unsqueeze(1);
        var last = position == (lengths - Number(1)).unsqueeze(1);
        return kl.mul(Number(-coefficient)).mul(mask).Plus(scores.unsqueeze(1).mul(last)).MoveToOuterDisposeScope();
    }
}
