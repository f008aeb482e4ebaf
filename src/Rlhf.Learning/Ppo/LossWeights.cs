using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>What each token of a minibatch weighs in its loss, so that the loss is a sum and micro-batches add up to exactly the whole.</summary>
public static class LossWeights
{
    /// <summary>Mask [batch, completion] → weights, 0 beyond the ends; <paramref name="fixedTokens"/> is the divisor of a completion where it is fixed.</summary>
    public static Tensor Of(Tensor mask, LossAggregation aggregation, int fixedTokens)
    {
        using var scope = NewDisposeScope();
        var valid = mask.to_type(ScalarType.Float32);
        var completions = (double)mask.shape[0];
        return (aggregation switch
        {
            LossAggregation.TokenMean => valid / valid.sum(),
            LossAggregation.SeqMeanTokenMean => valid / valid.sum(1, keepdim: true) / Number(completions),
            LossAggregation.SeqMeanTokenSum => valid / Number(completions),
            LossAggregation.Fixed => valid / Number(completions * fixedTokens),
            _ => throw new ArgumentOutOfRangeException(nameof(aggregation), aggregation, "expected TokenMean, SeqMeanTokenMean, SeqMeanTokenSum or Fixed"),
        }).MoveToOuterDisposeScope();
    }
}
