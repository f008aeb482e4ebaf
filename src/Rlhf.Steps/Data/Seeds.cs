using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Rlhf.Steps.Data;

/// <summary>Seeds and chances that follow from names: the same parts give the same number on every machine, in any order of asking.</summary>
public static class Seeds
{
    /// <summary>A seed of 48 bits (exact in a JSON number) from a base seed and what it is for.</summary>
    public static long Derive(long seed, params ReadOnlySpan<string> parts) => (long)(Hash(seed, parts) >> 16);

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public static double Uniform(long seed, params ReadOnlySpan<string> parts) => (Hash(seed, parts) >> 11) * (1.0 / (1UL << 53));

    static ulong Hash(long seed, ReadOnlySpan<string> parts)
    {
        var text = $"{seed}\u001f{string.Join('\u001f', parts)}";
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
