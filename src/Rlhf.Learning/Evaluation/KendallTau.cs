namespace Rlhf.Learning.Evaluation;

/// <summary>How far two sets of scores put the same things in the same order.</summary>
public static class KendallTau
{
    /// <summary>
    /// τ-b = (C − D)/√((C + D + X)(C + D + Y)) (Kendall 1945), −1 to 1, with C pairs in the same order in both, D in opposite orders, X tied in the first alone and Y in the
    /// second alone.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two things, not as many of both, a score is not finite, or one set is all ties.</exception>
    public static double Of(IReadOnlyList<float> first, IReadOnlyList<float> second)
    {
        if (first.Count < 2 || first.Count != second.Count) throw new ArgumentException($"There are {first.Count} and {second.Count} scores; expected at least two, and as many of both.");
        if (first.Concat(second).FirstOrDefault(s => !float.IsFinite(s)) is var bad && !float.IsFinite(bad)) throw new ArgumentException($"A score is {bad}; expected finite numbers.");
        long same = 0, opposite = 0, tiedFirst = 0, tiedSecond = 0;
        for (var i = 0; i < first.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                switch (first[i].CompareTo(first[j]), second[i].CompareTo(second[j]))
                {
                    case (0, 0): break;
                    case (0, _): tiedFirst++; break;
                    case (_, 0): tiedSecond++; break;
                    case var (a, b) when Math.Sign(a) == Math.Sign(b): same++; break;
                    default: opposite++; break;
                }
            }
        }
        var product = (double)(same + opposite + tiedFirst) * (same + opposite + tiedSecond);
        return product > 0 ? (same - opposite) / Math.Sqrt(product) : throw new ArgumentException($"All {first.Count} scores of one set are the same; expected at least two that differ.");
    }
}
