using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Learning.Tests.Evaluation.Overoptimization;

public sealed class BestOfNTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, .19315)]
    [InlineData(16, 1.83509)]
    [InlineData(256, 4.54908)]
    [InlineData(1000, 5.90876)]
    [InlineData(60000, 10.00212)]
    public void C1_KL_of_the_best_of_n(int n, double kl) => Assert.Equal(kl, BestOfN.Kl(n), 1e-5);

    [Theory]
    [InlineData(1, .5)]
    [InlineData(2, .166667)]
    [InlineData(3, -.25)]
    [InlineData(4, -1)]
    public void C5_unbiased_estimate_from_a_pool(int n, double gold) => Assert.Equal(gold, BestOfN.Mean([.1, .5, .3, .9], [1, 2, 0, -1], n), 1e-6);

    [Fact]
    public void It_is_the_mean_over_all_subsets()
    {
        double[] proxy = [.3, .1, .7, .2, .9, .4], gold = [1, -2, .5, 3, -1, 2];
        var subsets = Enumerable.Range(0, 64).Where(s => int.PopCount(s) == 3)
            .Select(s => Enumerable.Range(0, 6).Where(i => (s >> i & 1) == 1).MaxBy(i => proxy[i])).ToList();

        Assert.Equal(subsets.Average(i => gold[i]), BestOfN.Mean(proxy, gold, 3), 1e-12);
    }

    [Fact]
    public void Of_large_pools_it_is_what_uniform_numbers_come_to()
    {
        const int N = 20_000;
        double[] uniform = [.. Enumerable.Range(1, N).Select(i => i / (double)(N + 1))];

        foreach (var n in new[] { 1, 10, 100, 1000 }) Assert.Equal(n / (n + 1.0), BestOfN.Mean(uniform, uniform, n), 1e-9);
        Assert.Equal(1, BestOfN.Mean(uniform, [.. uniform.Select(_ => 1.0)], 1000), 1e-9);
    }

    [Fact]
    public void Samples_of_equal_proxy_share_their_gold_whatever_their_order()
    {
        Assert.Equal(0.5, BestOfN.Mean([1, 1], [0, 1], 2));
        Assert.Equal(BestOfN.Mean([1, 1, 2], [0, 3, 6], 2), BestOfN.Mean([1, 1, 2], [3, 0, 6], 2));
    }

    [Fact]
    public void Intervals_are_over_pools()
    {
        var random = new Random(3);
        var pools = Enumerable.Range(0, 60).Select(_ => (double[])[.. Enumerable.Range(0, 50).Select(_ => random.NextDouble())]).Select(p => ((IReadOnlyList<double>)p, (IReadOnlyList<double>)p)).ToList();

        var point = BestOfN.Curve(pools, [9])[0];

        Assert.InRange(0.9, point.Gold.Lower, point.Gold.Upper);
        Assert.InRange(point.Gold.Upper - point.Gold.Lower, 0.005, 0.05);
        Assert.Equal(BestOfN.Kl(9), point.Kl);
    }

    [Fact]
    public void Pools_out_of_range_are_refused_by_name()
    {
        Assert.Contains("best of 3 was asked of a pool of 2", Assert.Throws<ArgumentException>(() => BestOfN.Mean([1, 2], [1, 2], 3)).Message, StringComparison.Ordinal);
        Assert.Contains("1 proxy scores and 2 values", Assert.Throws<ArgumentException>(() => BestOfN.Mean([1], [1, 2], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("Sample 2", Assert.Throws<ArgumentException>(() => BestOfN.Mean([1, double.NaN], [1, 2], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BestOfN.Curve([], [1]));
    }
}
