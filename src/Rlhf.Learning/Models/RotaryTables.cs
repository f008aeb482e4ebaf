using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// Rotary position embedding (Su et al. 2021) in Hugging Face's pairing of element i with element i + size/2. Rows are computed as they are asked
/// for: a context of 100,000 positions that nobody uses costs nothing.
/// </summary>
sealed class RotaryTables(DecoderConfig config, Device device, ScalarType type = ScalarType.Float32) : IDisposable
{
    const long FirstRows = 1024;

    readonly long _half = config.HeadSize / 2;
    Tensor? _cosine;
    Tensor? _signedSine;

    /// <summary>Cosine and signed sine of at least the first <paramref name="positions"/>, each [position, head size].</summary>
    internal (Tensor Cosine, Tensor SignedSine) Upto(long positions)
    {
        if (_cosine is null || _signedSine is null || _cosine.shape[0] < positions) Compute(Math.Min(config.ContextLength, Math.Max(FirstRows, 2 * positions)));
        return (_cosine!, _signedSine!);
    }

    /// <summary>Rotates <paramref name="x"/>, [..., head size], by tables that broadcast to it.</summary>
    internal Tensor Rotate(Tensor x, Tensor cosine, Tensor signedSine) => x.mul(cosine).addcmul(x.roll(_half, -1), signedSine, Number(1));

    void Compute(long rows)
    {
        Dispose();
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        // In double: a position times a frequency loses digits that matter in float32.
        var frequencies = pow(tensor(config.RopeTheta, ScalarType.Float64), Range(_half, ScalarType.Float64).mul(Number(-2.0 / config.HeadSize)));
        if (config.RopeScaling is { } scaling) frequencies = tensor(frequencies.data<double>().ToArray().Select(scaling.Apply).ToArray());
        var angles = Range(rows, ScalarType.Float64).unsqueeze(1).mul(frequencies); // [position, half]
        var (sine, cosine) = (angles.sin(), angles.cos());
        _cosine = cat([cosine, cosine], 1).to(type).to(device).DetachFromDisposeScope();
        // The first half turns against the second, hence the sign: rotate(x) = x * cos + swap_halves(x) * [-sin, sin].
        _signedSine = cat([sine.neg(), sine], 1).to(type).to(device).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        _cosine?.Dispose();
        _signedSine?.Dispose();
    }
}
