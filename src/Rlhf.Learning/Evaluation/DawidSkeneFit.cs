namespace Rlhf.Learning.Evaluation;

/// <summary>The state of <see cref="DawidSkene"/> while it is fitted.</summary>
sealed class DawidSkeneFit
{
    readonly IReadOnlyList<(int Item, int Labeler, int Category)> _judgements;
    readonly int _categories;
    readonly double _smoothing;

    public DawidSkeneFit(IReadOnlyList<(int Item, int Labeler, int Category)> judgements, int categories, double smoothing)
    {
        (_judgements, _categories, _smoothing) = (judgements, categories, smoothing);
        Prior = new double[categories];
        Probabilities = NewRows(judgements.Max(j => j.Item) + 1);
        ErrorRates = [.. Enumerable.Range(0, judgements.Max(j => j.Labeler) + 1).Select(_ => new double[categories, categories])];
        foreach (var (item, _, category) in judgements) Probabilities[item][category]++;
        foreach (var row in Probabilities) Normalize(row);
    }

    public double[][] Probabilities { get; }

    public double[] Prior { get; }

    public double[][,] ErrorRates { get; }

    /// <summary>Equations 2.3 and 2.4: what the labelers said, weighed by what is probably true.</summary>
    public void Maximize()
    {
        for (var k = 0; k < _categories; k++) Prior[k] = Probabilities.Average(p => p[k]);
        foreach (var rates in ErrorRates) Array.Clear(rates);
        var pooled = new double[_categories, _categories];
        foreach (var (item, labeler, said) in _judgements)
            for (var k = 0; k < _categories; k++)
            {
                ErrorRates[labeler][k, said] += Probabilities[item][k];
                pooled[k, said] += Probabilities[item][k];
            }
        NormalizeRows(pooled);
        foreach (var rates in ErrorRates)
        {
            for (var k = 0; k < _categories; k++)
                for (var l = 0; l < _categories; l++) rates[k, l] += _smoothing * pooled[k, l];
            NormalizeRows(rates);
        }
    }

    /// <summary>Equation 2.5: what is probably true, given the labelers' errors. Returns the largest change of a probability.</summary>
    public double Expect()
    {
        var rows = NewRows(Probabilities.Length);
        foreach (var row in rows)
            for (var k = 0; k < _categories; k++) row[k] = Math.Log(Prior[k]);
        foreach (var (item, labeler, said) in _judgements)
            for (var k = 0; k < _categories; k++) rows[item][k] += Math.Log(ErrorRates[labeler][k, said]);
        var change = 0.0;
        for (var item = 0; item < rows.Length; item++)
        {
            var most = rows[item].Max();
            for (var k = 0; k < _categories; k++) rows[item][k] = Math.Exp(rows[item][k] - most);
            Normalize(rows[item]);
            for (var k = 0; k < _categories; k++)
            {
                change = Math.Max(change, Math.Abs(rows[item][k] - Probabilities[item][k]));
                Probabilities[item][k] = rows[item][k];
            }
        }
        return change;
    }

    public IReadOnlyList<double> Abilities() => [.. ErrorRates.Select(rates => Enumerable.Range(0, _categories).Sum(k => Prior[k] * rates[k, k]))];

    double[][] NewRows(int count) => [.. Enumerable.Range(0, count).Select(_ => new double[_categories])];

    // A category that is true of nothing a labeler judged says nothing of that labeler's errors.
    static void NormalizeRows(double[,] rates)
    {
        var categories = rates.GetLength(0);
        for (var k = 0; k < categories; k++)
        {
            var sum = Enumerable.Range(0, categories).Sum(l => rates[k, l]);
            for (var l = 0; l < categories; l++) rates[k, l] = sum > 0 ? rates[k, l] / sum : 1.0 / categories;
        }
    }

    static void Normalize(double[] row)
    {
        var sum = row.Sum();
        for (var k = 0; k < row.Length; k++) row[k] /= sum;
    }
}
