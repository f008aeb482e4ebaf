using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Sampling;

/// <summary>
/// Chooses one token per row of logits: temperature, then top-k, then top-p (nucleus, Holtzman et al. 2020), then one draw.
/// </summary>
static class TokenChoice
{
    static readonly long[] LastDimension = [-1];

    /// <summary>Logits [slots, vocabulary] and numbers in [0, 1), double [slots], to token ids, int64 [slots].</summary>
    internal static Tensor Choose(Tensor logits, Tensor draws, SamplingHParams hparams)
    {
        if (hparams.Temperature == 0)
            return logits.argmax(-1);
        using var scope = NewDisposeScope();
        var (candidates, ids) = Candidates(logits, hparams);
        // In double from here: the cumulative sum of a large vocabulary loses the draw's last digits in float32.
        var cumulative = candidates.to(ScalarType.Float64).div_(Number(hparams.Temperature)).softmax(-1).cumsum(-1); // [slots, candidates]
        var last = hparams.TopP < 1
            ? cumulative.lt(Number(hparams.TopP)).sum(LastDimension, keepdim: true).clamp_max_(Number(cumulative.shape[1] - 1))
            : full([cumulative.shape[0], 1], Number(cumulative.shape[1] - 1), ScalarType.Int64, logits.device);
        var total = cumulative.gather(1, last);
        var index = cumulative.le(draws.unsqueeze(1).mul(total)).sum(LastDimension, keepdim: true).minimum(last);
        return (ids is null ? index : ids.gather(1, index)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>The logits that may be drawn and their ids: most probable first, or null for all in their own order.</summary>
    static (Tensor Logits, Tensor? Ids) Candidates(Tensor logits, SamplingHParams hparams)
    {
        if (hparams.TopK > 0 && hparams.TopK < logits.shape[1])
            return logits.topk(hparams.TopK, -1);
        return hparams.TopP < 1 ? logits.sort(-1, descending: true, stable: true) : (logits, null);
    }
}
