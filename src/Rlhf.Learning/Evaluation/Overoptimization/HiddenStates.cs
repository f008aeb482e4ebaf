namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>How far a model's hidden states of some texts lie from those of others.</summary>
public static class HiddenStates
{
    /// <summary>
    /// The difference of the means in the standard deviations of <paramref name="from"/>, as a root mean square over the dimensions in which those vary; 0 for
    /// the same texts.
    /// </summary>
    /// <param name="from">[texts, dimensions], at least two.</param>
    /// <param name="to">[texts, dimensions], at least one.</param>
    /// <exception cref="ArgumentException">There are too few, the dimensions differ, or nothing varies.</exception>
    public static double Distance(IReadOnlyList<float[]> from, IReadOnlyList<float[]> to)
    {
        if (from.Count < 2 || to.Count < 1) throw new ArgumentException($"There are {from.Count} and {to.Count} hidden states; expected two and one at least.");
        if (from.Concat(to).Any(h => h.Length != from[0].Length)) throw new ArgumentException("The hidden states have different dimensions; expected those of one model.");
        var (sum, varying) = (0.0, 0);
        for (var k = 0; k < from[0].Length; k++)
        {
            var mean = from.Average(h => (double)h[k]);
            var variance = from.Sum(h => (h[k] - mean) * (h[k] - mean)) / (from.Count - 1);
            if (!(variance > 0)) continue;
            var shift = to.Average(h => (double)h[k]) - mean;
            sum += shift * shift / variance;
            varying++;
        }
        return varying > 0 ? Math.Sqrt(sum / varying) : throw new ArgumentException("No dimension of the hidden states varies; expected texts that differ.");
    }
}
