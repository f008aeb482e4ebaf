using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Sampling;

/// <summary>What the sampler needs of a language model: one token per slot in, logits of each slot's next token out.</summary>
public interface ILanguageModelStep
{
    /// <summary>Number of slots, the same in every step.</summary>
    int Slots { get; }

    /// <summary>Positions a slot has, the longest prompt and completion together.</summary>
    int Length { get; }

    /// <summary>Where the inputs are to be.</summary>
    Device Device { get; }

    /// <summary>Token ids and positions, int64 [slots], to logits, float32 [slots, vocabulary]; the caller disposes of them.</summary>
    Tensor Logits(Tensor tokens, Tensor positions);

    /// <summary>A new text begins in this slot at position 0.</summary>
    void Reset(int slot);
}
