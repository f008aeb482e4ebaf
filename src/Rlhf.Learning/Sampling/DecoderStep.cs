using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Sampling;

/// <summary>A Llama-architecture model with its key/value cache as the sampler's port.</summary>
/// <param name="model">The policy; it stays the caller's.</param>
/// <param name="slots">Sequences sampled at a time.</param>
/// <param name="length">Positions per slot, by default the model's whole context; a step costs time and memory in proportion to it.</param>
public sealed class DecoderStep(DecoderModel model, int slots, int? length = null) : ILanguageModelStep, IDisposable
{
    readonly KeyValueCache _cache = model.NewCache(slots, length ?? model.Config.ContextLength);

    /// <inheritdoc/>
    public int Slots => _cache.Slots;

    /// <inheritdoc/>
    public int Length => _cache.Length;

    /// <inheritdoc/>
    public Device Device => model.Device;

    /// <inheritdoc/>
    public Tensor Logits(Tensor tokens, Tensor positions)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        return model.Logits(model.Step(tokens, positions, _cache)).MoveToOuterDisposeScope();
    }

    /// <summary>Nothing to do: a position sees only what is at or before it, and that is written anew.</summary>
    public void Reset(int slot)
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();
}
