using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Rotary position embedding (Su et al. 2021) in Hugging Face's pairing of element i with element i + size/2.</summary>
sealed class RotaryTables : IDisposable
{
    readonly long _half;

    internal RotaryTables(LlamaConfig config, Device device)
    {
        using var scope = NewDisposeScope();
        _half = config.HeadSize / 2;
        // In double: a position times a frequency loses digits that matter in float32.
        var frequencies = pow(Number(config.RopeTheta), Range(_half, ScalarType.Float64).mul(Number(-2.0 / config.HeadSize)));
        var angles = Range(config.MaxPositionEmbeddings, ScalarType.Float64).unsqueeze(1).mul(frequencies); // [position, half]
        var (sine, cosine) = (angles.sin(), angles.cos());
        Cosine = cat([cosine, cosine], 1).to(ScalarType.Float32).to(device).DetachFromDisposeScope();
        // The first half turns against the second, hence the sign: rotate(x) = x * cos + swap_halves(x) * [-sin, sin].
        SignedSine = cat([sine.neg(), sine], 1).to(ScalarType.Float32).to(device).DetachFromDisposeScope();
    }

    /// <summary>[position, head size]</summary>
    internal Tensor Cosine { get; }

    /// <summary>[position, head size]</summary>
    internal Tensor SignedSine { get; }

    /// <summary>Rotates <paramref name="x"/>, [..., head size], by tables that broadcast to it.</summary>
    internal Tensor Rotate(Tensor x, Tensor cosine, Tensor signedSine) => x.mul(cosine).addcmul(x.roll(_half, -1), signedSine, Number(1));

    public void Dispose()
    {
        Cosine.Dispose();
        SignedSine.Dispose();
    }
}
