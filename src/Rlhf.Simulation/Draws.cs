using Rlhf.Steps.Data;

namespace Rlhf.Simulation;

/// <summary>A stream of chances that follows from a seed and what it is for (SplitMix64, Steele, Lea and Flood 2014).</summary>
internal sealed class Draws(long seed, params ReadOnlySpan<string> parts)
{
    ulong _state = (ulong)Seeds.Derive(seed, parts);

    /// <summary>A number in [0, 1).</summary>
    public double Uniform()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>A number from 0 to <paramref name="count"/> − 1.</summary>
    public int Below(int count) => (int)(Uniform() * count);

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];
}
