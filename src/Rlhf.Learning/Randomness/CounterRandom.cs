namespace Rlhf.Learning.Randomness;

/// <summary>Random numbers as a pure function of a seed and a 128-bit position: Philox4x32-10 (Salmon et al., SC'11).</summary>
public static class CounterRandom
{
    /// <summary>
    /// A number in [0, 1) with 53 random bits at position (<paramref name="stream"/>, <paramref name="high"/>, <paramref name="low"/>).
    /// </summary>
    public static double Uniform(ulong seed, ulong stream, uint high, uint low)
    {
        var (a, b, _, _) = At(seed, stream, high, low);
        return Unit(a, b);
    }

    /// <summary>A standard normal number at that position (Box-Muller); it shares its bits with <see cref="Uniform"/> there.</summary>
    public static double Normal(ulong seed, ulong stream, uint high, uint low)
    {
        var (a, b, c, d) = At(seed, stream, high, low);
        // 1 - u is in (0, 1], so the logarithm is finite.
        return Math.Sqrt(-2 * Math.Log(1 - Unit(a, b))) * Math.Cos(2 * Math.PI * Unit(c, d));
    }

    static (uint, uint, uint, uint) At(ulong seed, ulong stream, uint high, uint low) =>
        Philox((low, high, (uint)stream, (uint)(stream >> 32)), ((uint)seed, (uint)(seed >> 32)));

    static double Unit(uint high, uint low) => ((((ulong)high << 32) | low) >> 11) * (1.0 / (1UL << 53));

    /// <summary>The generator's function: ten rounds on a counter of four words under a key of two.</summary>
    internal static (uint A, uint B, uint C, uint D) Philox((uint A, uint B, uint C, uint D) counter, (uint A, uint B) key)
    {
        var ((a, b, c, d), (j, k)) = (counter, key);
        for (var round = 0; round < 10; round++, j += 0x9E3779B9, k += 0xBB67AE85)
        {
            var first = (ulong)a * 0xD2511F53;
            var second = (ulong)c * 0xCD9E8D57;
            (a, b, c, d) = ((uint)(second >> 32) ^ b ^ j, (uint)second, (uint)(first >> 32) ^ d ^ k, (uint)first);
        }
        return (a, b, c, d);
    }
}
