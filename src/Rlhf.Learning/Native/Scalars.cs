using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Native;

/// <summary>
/// Numbers handed to and read from libtorch. TorchSharp boxes a number into a finalizable <see cref="Scalar"/> whose handle alone it gives to
/// the native call; nothing keeps the box alive meanwhile, and a collection started by another thread may free it ("Unknown scalar type").
/// Here a box lives until its thread has made <see cref="Kept"/> more.
/// </summary>
public static class Scalars
{
    /// <summary>Boxes kept by a thread: more than any one expression makes.</summary>
    public const int Kept = 64;

    // For all threads and for ever.
    static readonly Scalar One = 1L.ToScalar();

    [ThreadStatic]
    static Scalar?[]? _kept;

    [ThreadStatic]
    static int _next;

    /// <summary>A number as libtorch takes it.</summary>
    public static Scalar Number(double value) => Keep(value.ToScalar());

    /// <inheritdoc cref="Number(double)"/>
    public static Scalar Number(long value) => Keep(value.ToScalar());

    /// <summary>The sum of two tensors that broadcast to each other. TorchSharp's own + makes a number 1 to multiply by.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>A number added to every entry.</summary>
    public static Tensor Plus(this Tensor a, Scalar b) => a.add(b, One);

    /// <summary>Adds in place.</summary>
    public static Tensor PlusInPlace(this Tensor a, Tensor b) => a.add_(b, One);

    /// <inheritdoc cref="PlusInPlace(Tensor, Tensor)"/>
    public static Tensor PlusInPlace(this Tensor a, Scalar b) => a.add_(b, One);

    /// <summary>Every entry times itself. TorchSharp's own <c>square</c> is a power by a number that it makes.</summary>
    public static Tensor Squared(this Tensor x) => x.pow(Number(2L));

    /// <summary>0, 1, …, <paramref name="count"/> − 1: [count], Int64 unless said otherwise.</summary>
    public static Tensor Range(long count, ScalarType type = ScalarType.Int64, Device? device = null) =>
        arange(Number(0L), Number(count), Number(1L), type, device);

    /// <summary>The one value of a tensor of any numeric type; waits for the device.</summary>
    public static double Value(this Tensor tensor)
    {
        using var scalar = tensor.ToScalar();
        return scalar.ToDouble();
    }

    /// <summary>The one value of a tensor of whole numbers; waits for the device.</summary>
    public static long Whole(this Tensor tensor)
    {
        using var scalar = tensor.ToScalar();
        return scalar.ToInt64();
    }

    /// <summary>The one value of a tensor of booleans; waits for the device.</summary>
    public static bool Flag(this Tensor tensor)
    {
        using var scalar = tensor.ToScalar();
        return scalar.ToBoolean();
    }

    static Scalar Keep(Scalar scalar)
    {
        var kept = _kept ??= new Scalar?[Kept];
        kept[_next]?.Dispose();
        kept[_next] = scalar;
        _next = (_next + 1) % Kept;
        return scalar;
    }
}
