namespace Rlhf.Pipeline.Labeling;

/// <summary>Figures that may not exist, and why they do not.</summary>
sealed class Figures
{
    readonly SortedDictionary<string, string> _reasons = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Reasons => _reasons;

    /// <summary>The figure, or null where it is not defined for what there is; then the statistic itself says why.</summary>
    public double? Try(string name, Func<double> compute)
    {
        try
        {
            return compute();
        }
        catch (ArgumentException e)
        {
            _reasons[name] = e.Message;
            return null;
        }
    }

    /// <summary>The value as it is; where it is null the reason is kept.</summary>
    public T? Known<T>(string name, T? value, string reason)
    {
        if (value is null) _reasons[name] = reason;
        return value;
    }
}
