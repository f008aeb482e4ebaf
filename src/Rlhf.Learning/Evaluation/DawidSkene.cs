namespace Rlhf.Learning.Evaluation;

/// <summary>
/// What was true and how good each labeler is, both from judgements alone (Dawid and Skene 1979): each labeler has a chance of saying one category where
/// another is true, and expectation and maximization take turns, from the shares of the votes on.
/// </summary>
/// <param name="Probabilities">By item and category: the chance that it is the true one.</param>
/// <param name="Prior">By category: the share of items of which it is true.</param>
/// <param name="ErrorRates">By labeler, true category and category that is said: a chance; each row sums to 1.</param>
/// <param name="Abilities">By labeler: the chance of saying what is true, over the categories as often as they are true; 0 to 1.</param>
/// <param name="Iterations">How often both took their turn.</param>
public sealed record DawidSkene(
    IReadOnlyList<IReadOnlyList<double>> Probabilities, IReadOnlyList<double> Prior, IReadOnlyList<double[,]> ErrorRates, IReadOnlyList<double> Abilities, int Iterations)
{
    /// <summary>How often a labeler of whom nothing is known yet is taken to be right; the rest is shared evenly by the other categories.</summary>
    public const double UnknownAbility = 0.7;

    /// <summary>Enough to hold three labelers an item together, and little beside hundreds of judgements.</summary>
    public const double UsuallyKnownBefore = 10;

    const int MostIterations = 1000;

    /// <summary>What the logarithm of a judgement's likelihood must still change by for another turn: far less than data can tell.</summary>
    const double LeastChange = 1e-9;

    /// <summary>The published estimate, in which who has made no error so far can make none. It needs many judgements of each item.</summary>
    /// <inheritdoc cref="FitMirrored"/>
    public static DawidSkene Fit(IReadOnlyList<(int Item, int Labeler, int Category)> judgements, int categories) =>
        Fit(judgements, categories, knownBefore: 0, isMirrored: false);

    /// <summary>
    /// For comparisons, whose categories are the same from either end, such as a, tie, b: who errs about a errs the same about b. That, and what is held of a
    /// labeler before, keep few judgements of each item from being explained by categories that nobody means.
    /// </summary>
    /// <param name="judgements">Who said what of which item, all numbered from 0 without gaps; a labeler may have judged an item several times.</param>
    /// <param name="categories">How many categories there are, at least 2.</param>
    /// <param name="knownBefore">At least 0: as if so many judgements of each true category had come before, right as often as <see cref="UnknownAbility"/> says.</param>
    /// <exception cref="ArgumentException">There is no judgement, a number is negative, or a category is out of range.</exception>
    public static DawidSkene FitMirrored(IReadOnlyList<(int Item, int Labeler, int Category)> judgements, int categories, double knownBefore) =>
        Fit(judgements, categories, knownBefore, isMirrored: true);

    static DawidSkene Fit(IReadOnlyList<(int Item, int Labeler, int Category)> judgements, int categories, double knownBefore, bool isMirrored)
    {
        if (judgements.Count == 0) throw new ArgumentException("There are 0 judgements; expected at least one.");
        if (categories < 2 || !(knownBefore >= 0)) throw new ArgumentException($"There are {categories} categories and {knownBefore} judgements before; expected at least 2 and 0.");
        foreach (var judgement in judgements)
            if (judgement.Item < 0 || judgement.Labeler < 0 || judgement.Category < 0 || judgement.Category >= categories)
                throw new ArgumentException($"Judgement {judgement} is out of range; expected numbers from 0 and a category below {categories}.");
        var fit = new DawidSkeneFit(judgements, categories, knownBefore, isMirrored);
        var iterations = 0;
        var (likelihood, before) = (double.NegativeInfinity, double.NegativeInfinity);
        do
        {
            before = likelihood;
            fit.Maximize();
            likelihood = fit.Expect();
        }
        while (++iterations < MostIterations && !(Math.Abs(likelihood - before) <= LeastChange));
        fit.Maximize();
        return new(fit.Probabilities, fit.Prior, fit.ErrorRates, fit.Abilities(), iterations);
    }
}
