namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>What is known of the best of n samples by proxy without sampling n again and again.</summary>
public static class BestOfN
{
    /// <summary>KL of the best of n to the policy that is sampled from, in nats: ln n − (n − 1)/n, for n of at least 1.</summary>
    public static double Kl(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        return Math.Log(n) - (n - 1.0) / n;
    }

    /// <summary>
    /// The unbiased estimate from one pool of N samples: the mean over all its subsets of n of what the subset's best by proxy is worth,
    /// Σ C(i−1, n−1)/C(N, n)·value(i) over samples in the order of the proxy (Nakano et al. 2021). Samples of equal proxy share their values.
    /// </summary>
    /// <param name="proxy">Proxy score of each sample, finite.</param>
    /// <param name="value">What each is worth, finite: gold, or the proxy itself.</param>
    /// <param name="n">1 to N.</param>
    /// <exception cref="ArgumentException">There are not as many of both, n is out of its range, or a number is not finite.</exception>
    public static double Mean(IReadOnlyList<double> proxy, IReadOnlyList<double> value, int n) => new BestOfNPool(proxy, value).Mean(n);

    /// <summary>
    /// The same over independent pools (of one prompt each, or of fresh samples), with normal intervals over the pools; one pool alone has intervals
    /// without width.
    /// </summary>
    /// <param name="pools">Proxy and gold of each pool's samples.</param>
    /// <param name="n">1 to the size of the smallest pool, each.</param>
    /// <exception cref="ArgumentException">There is no pool, or as <see cref="Mean"/> says.</exception>
    public static IReadOnlyList<BestOfNPoint> Curve(IReadOnlyList<(IReadOnlyList<double> Proxy, IReadOnlyList<double> Gold)> pools, IReadOnlyList<int> n)
    {
        if (pools.Count == 0) throw new ArgumentException("There is no pool of samples; expected at least one.");
        var proxies = pools.Select(p => new BestOfNPool(p.Proxy, p.Proxy)).ToList();
        var golds = pools.Select(p => new BestOfNPool(p.Proxy, p.Gold)).ToList();
        return [.. n.Select(k => new BestOfNPoint(k, Kl(k), Interval.OfMean([.. proxies.Select(p => p.Mean(k))]), Interval.OfMean([.. golds.Select(p => p.Mean(k))])))];
    }
}

/// <summary>The best of <paramref name="N"/>: its KL in nats, and the means of proxy and gold.</summary>
public sealed record BestOfNPoint(int N, double Kl, Interval Proxy, Interval Gold);
