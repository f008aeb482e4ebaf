using Rlhf.Learning.Evaluation;

namespace Rlhf.HumanPreferences;

/// <summary>A model's margins on the pairs that are held out of it.</summary>
delegate double[] Learner(IReadOnlyList<EncodedPair> training, IReadOnlyList<EncodedPair> asked, int seed);

/// <summary>What members that each leave out one inner fold of the training part say.</summary>
/// <param name="Inside">On the training pairs, each from the one member that has not seen it; in their order.</param>
/// <param name="Outside">On the test pairs, the mean of all members.</param>
sealed record CrossFitting(double[] Inside, double[] Outside)
{
    /// <summary>Fitted to the margins inside: it measures a setting, whatever its scale, and calibrates without the test pairs.</summary>
    public Temperature Temperature { get; } = Temperature.Fit(Inside);

    public static CrossFitting Run(IReadOnlyList<EncodedPair> training, IReadOnlyList<EncodedPair> test, Learner learner)
    {
        var (inside, outside) = (new double[training.Count], new double[test.Count]);
        for (var member = 0; member < Preset.Members; member++)
        {
            var held = Enumerable.Range(0, training.Count).ToLookup(i => training[i].Pair.Fold("inner", Preset.Members) == member);
            var margins = learner([.. held[false].Select(i => training[i])], [.. held[true].Select(i => training[i]), .. test], member + 1);
            foreach (var (k, i) in held[true].Index()) inside[i] = margins[k];
            for (var i = 0; i < test.Count; i++) outside[i] += margins[held[true].Count() + i] / Preset.Members;
        }
        return new(inside, outside);
    }

    /// <summary>Of many settings the one whose margins inside are the likeliest at their own temperature.</summary>
    public static (T Setting, CrossFitting Fitted) Best<T>(IEnumerable<T> settings, Func<T, CrossFitting> run) =>
        settings.Select(s => (Setting: s, Fitted: run(s))).MinBy(s => s.Fitted.Temperature.NegativeLogLikelihood);
}
