namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>Samples of one pool, in the order of the proxy.</summary>
sealed class BestOfNPool
{
    readonly double[] _values;

    public BestOfNPool(IReadOnlyList<double> proxy, IReadOnlyList<double> value)
    {
        if (proxy.Count != value.Count) throw new ArgumentException($"There are {proxy.Count} proxy scores and {value.Count} values; expected as many of both.");
        double[] keys = [.. proxy];
        _values = [.. value];
        for (var i = 0; i < keys.Length; i++)
        {
            if (!double.IsFinite(keys[i]) || !double.IsFinite(_values[i])) throw new ArgumentException($"Sample {i + 1} has proxy {keys[i]} and value {_values[i]}; expected finite numbers.");
        }
        Array.Sort(keys, _values);
        Share(keys);
    }

    /// <summary>Mean value of the best of n.</summary>
    public double Mean(int n)
    {
        if (n < 1 || n > _values.Length) throw new ArgumentException($"The best of {n} was asked of a pool of {_values.Length}; expected 1 to {_values.Length}.");
        // The share of subsets whose best is sample i: n/N of the last, and (i − n)/(i − 1) of the share of i for the one before it; no binomial is ever formed.
        var (sum, share) = (0.0, (double)n / _values.Length);
        for (var i = _values.Length; i >= n; i--)
        {
            sum += share * _values[i - 1];
            if (i > 1) share *= (double)(i - n) / (i - 1);
        }
        return sum;
    }

    /// <summary>Which of equal ones comes first is chance: each gets their mean.</summary>
    void Share(double[] keys)
    {
        for (int first = 0, end; first < keys.Length; first = end)
        {
            for (end = first + 1; end < keys.Length && keys[end] == keys[first];) end++;
            if (end - first > 1) Array.Fill(_values, _values[first..end].Average(), first, end - first);
        }
    }
}
