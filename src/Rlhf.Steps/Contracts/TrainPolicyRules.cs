using System.Globalization;

namespace Rlhf.Steps.Contracts;

/// <summary>What the hparams of <see cref="TrainPolicy"/> must keep among each other.</summary>
static class TrainPolicyRules
{
    /// <summary>The first broken rule as a sentence with field, value and what was expected, or null.</summary>
    public static string? Broken(TrainPolicy.HParams h) => Sizes(h) ?? Kl(h) ?? Advantages(h) ?? Clips(h) ?? Lengths(h);

    static string? Sizes(TrainPolicy.HParams h) =>
        h.RolloutSize % h.MinibatchSize != 0 ? $"'rolloutSize' is {h.RolloutSize}; expected a multiple of 'minibatchSize' ({h.MinibatchSize})."
        : h.MicrobatchSize > 0 && h.MinibatchSize % h.MicrobatchSize != 0
            ? $"'microbatchSize' is {h.MicrobatchSize}; expected 0 or a divisor of 'minibatchSize' ({h.MinibatchSize})."
        : h.RolloutSize % h.SamplesPerPrompt != 0 ? $"'samplesPerPrompt' is {h.SamplesPerPrompt}; expected a divisor of 'rolloutSize' ({h.RolloutSize})."
        : h.ValueWarmupUpdates >= h.Updates ? $"'valueWarmupUpdates' is {h.ValueWarmupUpdates}; expected fewer than 'updates' ({h.Updates})."
        : h.WarmupUpdates >= h.Updates ? $"'warmupUpdates' is {h.WarmupUpdates}; expected fewer than 'updates' ({h.Updates})."
        : h.EarlyAt > 0 && (h.EarlyUpdate() <= FirstUpdates(h) || h.EarlyUpdate() >= h.Updates)
            ? $"'earlyAt' is {h.EarlyAt}, update {h.EarlyUpdate()} of {h.Updates}; expected 0, or after the {FirstUpdates(h)} updates that fit the value head alone and before the last."
        : null;

    static string? Kl(TrainPolicy.HParams h) =>
        h.KlPlacement == KlPlacement.Loss && h.KlEstimator == KlEstimator.K1
            ? "'klEstimator' is k1; expected k2, k3 or abs where 'klPlacement' is loss: the gradient of k1 has mean zero."
        : h.KlControl == KlControl.Adaptive && h.KlCoefficient == 0
            ? "'klCoefficient' is 0; expected above 0 where 'klControl' is adaptive: zero stays zero whatever it is multiplied by."
        // The error is bounded by 0.2: with a shorter horizon the coefficient could fall to zero or below in one update.
        : h.KlControl == KlControl.Adaptive && h.KlHorizon <= 0.2 * h.RolloutSize
            ? $"'klHorizon' is {h.KlHorizon}; expected above a fifth of 'rolloutSize' ({0.2 * h.RolloutSize})."
        : Grid(h.KlGrid) is null ? $"'klGrid' is '{h.KlGrid}'; expected numbers above 0, each greater than the one before it, by commas, such as 0.5,1,2,4,8, or none."
        : null;

    // A workflow says so where a preset may have a grid: an empty text there is no text.
    const string NoGrid = "none";

    /// <summary>The numbers of a KL grid; null where it is malformed.</summary>
    public static IReadOnlyList<double>? Grid(string text)
    {
        var values = new List<double>();
        if (text is "" or NoGrid) return values;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value) || value <= values.LastOrDefault()) return null;
            values.Add(value);
        }
        return values;
    }

    static string? Advantages(TrainPolicy.HParams h) =>
        h.Advantages == AdvantageEstimator.Gae ? null
        : h.SamplesPerPrompt < 2 ? $"'samplesPerPrompt' is {h.SamplesPerPrompt}; expected at least 2 where 'advantages' is {Name(h.Advantages)}."
        : h.ValueInit != ValueInit.Previous ? $"'valueInit' is {Name(h.ValueInit)}; expected previous where 'advantages' is {Name(h.Advantages)}: no value head is trained."
        : null;

    static string? Clips(TrainPolicy.HParams h) =>
        h.DualClip is > 0 and <= 1 ? $"'dualClip' is {h.DualClip}; expected 0 or above 1."
        : h.MaxRatio is > 0 and <= 1 ? $"'maxRatio' is {h.MaxRatio}; expected 0 or above 1."
        : null;

    static string? Lengths(TrainPolicy.HParams h) =>
        h.LengthPenalty > 0 && h.LengthPenaltyFrom >= h.MaxNewTokens
            ? $"'lengthPenaltyFrom' is {h.LengthPenaltyFrom}; expected fewer than 'maxNewTokens' ({h.MaxNewTokens}), or no completion is penalized."
        : h.OverlongPenalty == 0 ? null
        : h.OverlongBuffer > h.OverlongLength ? $"'overlongBuffer' is {h.OverlongBuffer}; expected at most 'overlongLength' ({h.OverlongLength})."
        : h.OverlongLength - h.OverlongBuffer >= h.MaxNewTokens
            ? $"'overlongLength' is {h.OverlongLength}; expected less than 'maxNewTokens' and 'overlongBuffer' together ({h.MaxNewTokens + h.OverlongBuffer}), or no completion is penalized."
        : null;

    static int FirstUpdates(TrainPolicy.HParams h) => h.Advantages == AdvantageEstimator.Gae ? h.ValueWarmupUpdates : 0;

    static string Name(Enum value) => $"{value}" is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";
}
