namespace Rlhf.Learning.Evaluation;

/// <summary>The state of <see cref="DawidSkene"/> while it is fitted.</summary>
sealed class DawidSkeneFit
{
    readonly (int Item, int Labeler, int Category)[] _judgements;
    readonly int _categories;
    readonly double _knownBefore;
    readonly bool _isMirrored;

    public DawidSkeneFit(IReadOnlyList<(int Item, int Labeler, int Category)> judgements, int categories, double knownBefore, bool isMirrored)
    {
        (_judgements, _categories, _knownBefore, _isMirrored) = ([.. judgements], categories, knownBefore, isMirrored);
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
        foreach (var (item, labeler, said) in _judgements)
        {
            var (rates, probable) = (ErrorRates[labeler], Probabilities[item]);
            for (var k = 0; k < _categories; k++) rates[k, said] += probable[k];
        }
        for (var labeler = 0; labeler < ErrorRates.Length; labeler++) ErrorRates[labeler] = Rates(ErrorRates[labeler]);
    }

    double[,] Rates(double[,] counts)
    {
        var (last, rates) = (_categories - 1, new double[_categories, _categories]);
        for (var k = 0; k < _categories; k++)
            for (var l = 0; l < _categories; l++)
                rates[k, l] = counts[k, l] + (_isMirrored ? counts[last - k, last - l] : 0)
                    + _knownBefore * (k == l ? DawidSkene.UnknownAbility : (1 - DawidSkene.UnknownAbility) / last);
        NormalizeRows(rates);
        return rates;
    }

    /// <summary>Equation 2.5: what is probably true, given the labelers' errors. Returns the logarithm of the likelihood, a judgement.</summary>
    public double Expect()
    {
        var rows = NewRows(Probabilities.Length);
        foreach (var row in rows)
            for (var k = 0; k < _categories; k++) row[k] = Math.Log(Prior[k]);
        var logs = ErrorRates.Select(Logs).ToArray();
        foreach (var (item, labeler, said) in _judgements)
        {
            var (row, log) = (rows[item], logs[labeler]);
            for (var k = 0; k < _categories; k++) row[k] += log[k, said];
        }
        var likelihood = 0.0;
        for (var item = 0; item < rows.Length; item++)
        {
            var row = rows[item];
            var most = row.Max();
            for (var k = 0; k < _categories; k++) row[k] = Math.Exp(row[k] - most);
            likelihood += most + Math.Log(row.Sum());
            Normalize(row);
            Probabilities[item] = row;
        }
        return likelihood / _judgements.Length;
    }

    public IReadOnlyList<double> Abilities() => [.. ErrorRates.Select(rates => Enumerable.Range(0, _categories).Sum(k => Prior[k] * rates[k, k]))];

    double[,] Logs(double[,] rates)
    {
        var logs = new double[_categories, _categories];
        for (var k = 0; k < _categories; k++)
            for (var l = 0; l < _categories; l++) logs[k, l] = Math.Log(rates[k, l]);
        return logs;
    }

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
