namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>Scores as the laws have them: above the starting policy's mean, in its standard deviations.</summary>
public sealed record ScoreScale(double Mean, double Deviation)
{
    /// <summary>From the starting policy's scores, at least two.</summary>
    /// <exception cref="ArgumentException">They are fewer, not finite, or all the same.</exception>
    public static ScoreScale Of(IReadOnlyList<double> scores)
    {
        if (scores.Count < 2) throw new ArgumentException($"{scores.Count} scores have no deviation; expected two at least.");
        var mean = scores.Average();
        var deviation = Math.Sqrt(scores.Sum(s => (s - mean) * (s - mean)) / (scores.Count - 1));
        return deviation > 0 && double.IsFinite(deviation) ? new(mean, deviation)
            : throw new ArgumentException($"The deviation of the {scores.Count} scores of the starting policy is {deviation}; expected finite scores that vary.");
    }

    /// <summary>Mean of another policy's scores on this scale, with its interval.</summary>
    /// <exception cref="ArgumentException">There is none, or one is not finite.</exception>
    public Interval MeanOf(IReadOnlyList<double> scores) => Interval.OfMean([.. scores.Select(s => (s - Mean) / Deviation)]);
}
