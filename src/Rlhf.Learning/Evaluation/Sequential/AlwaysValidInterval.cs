namespace Rlhf.Learning.Evaluation;

/// <summary>
/// The means that bets spread evenly over (0, 1) do not refute: an interval that holds the mean at all times together with the stated confidence, so one may
/// look after every observation. On 0 and 1 it is that of the beta-binomial e-value.
/// </summary>
public static class AlwaysValidInterval
{
    const int Grid = 512;
    const double Precision = 1e-6;

    /// <param name="x">Observations in [0, 1].</param>
    /// <param name="alpha">1 less the confidence, between 0 and 1.</param>
    /// <returns>0 and 1 without observations.</returns>
    /// <exception cref="ArgumentException">An observation is outside [0, 1], or alpha is no chance.</exception>
    public static (double Lower, double Upper) Of(IReadOnlyList<double> x, double alpha)
    {
        if (!(alpha > 0 && alpha < 1)) throw new ArgumentException($"Alpha is {alpha}; expected between 0 and 1.");
        if (x.FirstOrDefault(v => !(v >= 0 && v <= 1), 0.5) is not (>= 0 and <= 1) and var wrong) throw new ArgumentException($"An observation is {wrong}; expected 0 to 1.");
        if (x.Count == 0) return (0, 1);
        var counts = x.CountBy(v => v).Select(c => (Value: c.Key, Count: (double)c.Value)).ToArray();
        var (mean, limit) = (x.Average(), -Math.Log(alpha));
        // The evidence against m grows from the mean to either side.
        return (Bound(0, mean), Bound(1, mean));

        double Bound(double outside, double inside)
        {
            while (Math.Abs(outside - inside) > Precision)
            {
                var m = (outside + inside) / 2;
                if (LogEValue(counts, m) < limit) inside = m;
                else outside = m;
            }
            return inside;
        }
    }

    static double LogEValue((double Value, double Count)[] counts, double m)
    {
        Span<double> logs = stackalloc double[Grid];
        var most = double.NegativeInfinity;
        for (var i = 0; i < Grid; i++)
        {
            var q = (i + 0.5) / Grid;
            var (up, down, log) = (q / m, (1 - q) / (1 - m), 0.0);
            foreach (var (value, count) in counts) log += count * Math.Log(value * up + (1 - value) * down);
            logs[i] = log;
            most = Math.Max(most, log);
        }
        var sum = 0.0;
        foreach (var log in logs) sum += Math.Exp(log - most);
        return most + Math.Log(sum / Grid);
    }
}
