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
    readonly Lock _gate = new();
    // Those that became too short, too: another thread may still read them. Each is at least twice as long as the one before.
    readonly List<Tables> _all = [];
    volatile Tables? _longest;

    /// <summary>Cosine and signed sine of at least the first <paramref name="positions"/>, each [position, head size].</summary>
    internal (Tensor Cosine, Tensor SignedSine) Upto(long positions)
    {
        var tables = _longest;
        if (tables is null || tables.Rows < positions) tables = Lengthen(positions);
        return (tables.Cosine, tables.SignedSine);
    }

    /// <summary>Rotates <paramref name="x"/>, [..., head size], by tables that broadcast to it.</summary>
    internal Tensor Rotate(Tensor x, Tensor cosine, Tensor signedSine) => x.mul(cosine).addcmul(x.roll(_half, -1), signedSine, Number(1));

    Tables Lengthen(long positions)
    {
        lock (_gate)
        {
            if (_longest is { } known && known.Rows >= positions) return known;
            var tables = Compute(Math.Min(config.ContextLength, Math.Max(FirstRows, 2 * positions)));
            _all.Add(tables);
            return _longest = tables;
        }
    }

    Tables Compute(long rows)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        // In double: a position times a frequency loses digits that matter in float32.
        var frequencies = pow(tensor(config.RopeTheta, ScalarType.Float64), Range(_half, ScalarType.Float64).mul(Number(-2.0 / config.HeadSize)));
        if (config.RopeScaling is { } scaling) frequencies = tensor(frequencies.data<double>().ToArray().Select(scaling.Apply).ToArray());
        var angles = Range(rows, ScalarType.Float64).unsqueeze(1).mul(frequencies); // [position, half]
        var (sine, cosine) = (angles.sin(), angles.cos());
        return new(
            rows, cat([cosine, cosine], 1).to(type).to(device).DetachFromDisposeScope(),
            // The first half turns against the second, hence the sign: rotate(x) = x * cos + swap_halves(x) * [-sin, sin].
            cat([sine.neg(), sine], 1).to(type).to(device).DetachFromDisposeScope());
    }

    public void Dispose()
    {
        foreach (var tables in _all)
        {
            tables.Cosine.Dispose();
            tables.SignedSine.Dispose();
        }
    }

    sealed record Tables(long Rows, Tensor Cosine, Tensor SignedSine);
}
