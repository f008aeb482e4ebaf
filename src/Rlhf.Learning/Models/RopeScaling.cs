namespace Rlhf.Learning.Models;

/// <summary>
/// Rotary frequencies stretched for a longer context. Linear: all divided by <paramref name="Factor"/>. Llama 3: those whose wave is longer than
/// original / low are divided, those shorter than original / high stay, and those between are mixed (Llama 3.1).
/// </summary>
/// <param name="Factor">At least 1.</param>
/// <param name="Llama3">What Llama 3 adds, or null for linear.</param>
public sealed record RopeScaling(double Factor, Llama3Scaling? Llama3 = null)
{
    internal double Apply(double frequency)
    {
        if (Llama3 is not { } bands) return frequency / Factor;
        var turns = bands.OriginalMaxPositionEmbeddings * frequency / (2 * Math.PI); // in the original context
        if (turns < bands.LowFrequencyFactor) return frequency / Factor;
        if (turns > bands.HighFrequencyFactor) return frequency;
        var smooth = (turns - bands.LowFrequencyFactor) / (bands.HighFrequencyFactor - bands.LowFrequencyFactor);
        return (1 - smooth) * frequency / Factor + smooth * frequency;
    }

    internal string? Problem()
    {
        if (!(Factor >= 1 && double.IsFinite(Factor))) return $"rope_scaling's factor is {Factor}, but a finite number of at least 1 was expected";
        return Llama3 is { } bands && !(bands.LowFrequencyFactor > 0 && bands.HighFrequencyFactor > bands.LowFrequencyFactor && bands.OriginalMaxPositionEmbeddings >= 1)
            ? $"rope_scaling's low_freq_factor, high_freq_factor and original_max_position_embeddings are {bands.LowFrequencyFactor}, {bands.HighFrequencyFactor} and {bands.OriginalMaxPositionEmbeddings}, but 0 < low < high and at least 1 were expected"
            : null;
    }
}

/// <summary>The two borders, in turns within the original context, between which frequencies are mixed.</summary>
public sealed record Llama3Scaling(double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositionEmbeddings);
