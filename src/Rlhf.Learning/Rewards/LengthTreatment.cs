using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// What is done about a score's dependence on length: nothing; the part that a line through the reference policy's completions explains is
/// taken off (residual); or the score is divided by the completion's length in units of the reference's mean (normalized).
/// </summary>
public enum LengthTreatment { None, Residual, Normalized }

/// <summary>From the head's output to a score: the length treatment, then gain and bias.</summary>
/// <param name="Gain">Above 0.</param>
/// <param name="Bias">Added last.</param>
/// <param name="Treatment">Of length.</param>
/// <param name="Slope">Residual: output per token.</param>
/// <param name="MeanLength">Mean completion of the reference policy, in tokens.</param>
public sealed record ScoreNormalization(double Gain = 1, double Bias = 0, LengthTreatment Treatment = LengthTreatment.None, double Slope = 0, double MeanLength = 1)
{
    /// <summary>The score of a head's output for a completion of so many tokens.</summary>
    public float Score(float raw, int length) => (float)(Gain * Treated(raw, length) + Bias);

    /// <summary>The head's output after the length treatment; its differences are log-odds.</summary>
    public double Treated(double raw, int length) => Treatment switch
    {
        LengthTreatment.Residual => raw - Slope * (length - MeanLength),
        LengthTreatment.Normalized => raw * MeanLength / length,
        _ => raw,
    };

    /// <summary>
    /// Gain and bias that give these texts mean 0 and deviation 1 (population; Ziegler et al. 2019), so that the KL coefficient keeps its meaning.
    /// </summary>
    /// <exception cref="InvalidDataException">All outputs are the same.</exception>
    public static ScoreNormalization Of(IReadOnlyList<float> raw, IReadOnlyList<int> lengths, LengthTreatment treatment)
    {
        var meanLength = lengths.Average();
        // Where all lengths or all outputs are the same there is no line to take off.
        var slope = treatment == LengthTreatment.Residual && lengths.Distinct().Count() > 1 && raw.Distinct().Count() > 1
            ? LengthBias.Of([.. lengths.Select(l => (double)l)], [.. raw.Select(r => (double)r)]).Slope
            : 0;
        var start = new ScoreNormalization(1, 0, treatment, slope, meanLength);
        var treated = raw.Zip(lengths, (r, l) => start.Treated(r, l)).ToList();
        var mean = treated.Average();
        var deviation = Math.Sqrt(treated.Average(t => (t - mean) * (t - mean)));
        return deviation >= 1e-6
            ? start with { Gain = 1 / deviation, Bias = -mean / deviation }
            : throw new InvalidDataException($"The reward model gives all {raw.Count} reference completions the same score ({mean:0.####}); it can't be normalized.");
    }
}
