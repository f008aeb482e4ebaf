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
    const int MostIterations = 2000;
    const double Tolerance = 1e-9;

    /// <summary>Fits the model to judgements whose items, labelers and categories are numbered from 0 without gaps.</summary>
    /// <param name="judgements">Who said what of which item; a labeler may have judged an item several times.</param>
    /// <param name="categories">How many categories there are, at least 2.</param>
    /// <param name="smoothing">
    /// At least 0: as if each labeler had given that many more judgements of each true category, with the errors of all labelers together. 0 is the
    /// published estimate, in which who has made no error so far can make none.
    /// </param>
    /// <exception cref="ArgumentException">There is no judgement, a number is negative, or a category is out of range.</exception>
    public static DawidSkene Fit(IReadOnlyList<(int Item, int Labeler, int Category)> judgements, int categories, double smoothing)
    {
        if (judgements.Count == 0) throw new ArgumentException("There are 0 judgements; expected at least one.");
        if (categories < 2 || !(smoothing >= 0)) throw new ArgumentException($"There are {categories} categories and a smoothing of {smoothing}; expected at least 2 and 0.");
        foreach (var judgement in judgements)
            if (judgement.Item < 0 || judgement.Labeler < 0 || judgement.Category < 0 || judgement.Category >= categories)
                throw new ArgumentException($"Judgement {judgement} is out of range; expected numbers from 0 and a category below {categories}.");
        var fit = new DawidSkeneFit(judgements, categories, smoothing);
        var iterations = 0;
        double change;
        do
        {
            fit.Maximize();
            change = fit.Expect();
        }
        while (++iterations < MostIterations && change > Tolerance);
        fit.Maximize();
        return new(fit.Probabilities, fit.Prior, fit.ErrorRates, fit.Abilities(), iterations);
    }
}
