using CsCheck;
using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Learning.Tests.Evaluation.Overoptimization;

/// <summary>The laws of over-optimization, with the worked numbers of the conformance vectors C1 to C6.</summary>
public sealed class LawTests
{
    static readonly double[] Distances = [1, 2, 3, 4, 6, 8];

    [Fact]
    public void C2_best_of_n()
    {
        var curve = new LawCurve(Law.BestOfN, .49, .12);

        Assert.Equal(2.041667, Math.Sqrt(curve.BestKl), 1e-6);
        Assert.Equal(4.168403, curve.BestKl, 1e-6);
        Assert.Equal(.500208, curve.BestGain, 1e-6);
        Assert.Equal(.349516, curve.At(10), 1e-6);
    }

    [Fact]
    public void C3_under_RL()
    {
        var curve = new LawCurve(Law.Rl, .35, .154);

        Assert.Equal(3.570577, Math.Sqrt(curve.BestKl), 1e-6);
        Assert.Equal(12.749022, curve.BestKl, 1e-6);
        Assert.Equal(.549869, curve.BestGain, 1e-6);
        Assert.Equal(0, curve.At(9.705835 * 9.705835), 1e-6);
        Assert.Equal(0, curve.At(0));
    }

    [Fact]
    public void C6_fit_of_noisy_points()
    {
        double[] gold = [.36, .50, .55, .52, .46, .26];

        var fit = LawFitting.Fit(Law.Rl, [.. Distances.Zip(gold, (d, g) => new GoldPoint(d * d, g))]).Fit!;

        Assert.Equal(.349065, fit.Curve.Alpha, 1e-6);
        Assert.Equal(.152513, fit.Curve.Beta, 1e-6);
        Assert.Equal(3.628248, Math.Sqrt(fit.BestKl.Value), 1e-6);
        Assert.Equal(.553356, fit.BestGain.Value, 1e-6);
        Assert.True(fit.BestKl.Lower < fit.BestKl.Value && fit.BestKl.Value < fit.BestKl.Upper);
        Assert.InRange(fit.R2, 0.95, 1);
    }

    [Fact]
    public void Without_noise_every_law_is_recovered() =>
        Gen.Select(Gen.Double[0.05, 3], Gen.Double[0.2, 0.9], Gen.Bool).Sample((alpha, ratio, best) =>
        {
            var curve = new LawCurve(best ? Law.BestOfN : Law.Rl, alpha, alpha * ratio);

            var fit = LawFitting.Fit(curve.Law, Points(curve, null), resamples: 40).Fit!;

            Assert.Equal(curve.Alpha, fit.Curve.Alpha, 1e-9);
            Assert.Equal(curve.Beta, fit.Curve.Beta, 1e-9);
            Assert.Equal(curve.BestKl, fit.BestKl.Value, 1e-6 * curve.BestKl);
            Assert.Equal(1, fit.R2, 1e-9);
            Assert.Equal(fit.Alpha.Lower, fit.Alpha.Upper, 1e-6);
        }, iter: 200);

    [Fact]
    public void Intervals_from_standard_errors_hold_the_true_law_nineteen_times_of_twenty()
    {
        var curve = new LawCurve(Law.Rl, .35, .154);
        var random = new Random(7);
        var held = 0;
        for (var i = 0; i < 400; i++)
        {
            List<GoldPoint> noisy = [.. Points(curve, 0.02).Select(p => p with { Gold = p.Gold + 0.02 * Gaussian(random) })];
            var fit = LawFitting.Fit(Law.Rl, noisy, resamples: 200, seed: (ulong)i).Fit!;
            if (fit.BestKl.Lower <= curve.BestKl && curve.BestKl <= fit.BestKl.Upper) held++;
        }

        Assert.InRange(held, 360, 396);
    }

    [Fact]
    public void The_same_seed_gives_the_same_interval_and_another_one_another()
    {
        var points = Points(new(Law.BestOfN, .49, .12), 0.03);

        var (first, again, other) = (LawFitting.Fit(Law.BestOfN, points).Fit!, LawFitting.Fit(Law.BestOfN, points).Fit!, LawFitting.Fit(Law.BestOfN, points, seed: 2).Fit!);

        Assert.Equal(first.BestKl, again.BestKl);
        Assert.NotEqual(first.BestKl, other.BestKl);
    }

    [Fact]
    public void A_point_of_vanishing_weight_changes_nothing()
    {
        var curve = new LawCurve(Law.BestOfN, .49, .12);
        List<GoldPoint> points = [.. Points(curve, null).Select(p => p with { Weight = 1 }), new(9, 5, Weight: 1e-12)];

        Assert.Equal(curve.Beta, LawFitting.Fit(Law.BestOfN, points).Fit!.Curve.Beta, 1e-6);
    }

    [Fact]
    public void A_peak_beyond_the_data_is_said_and_not_refused()
    {
        var fit = LawFitting.Fit(Law.BestOfN, [.. Points(new(Law.BestOfN, .49, .02), null)]).Fit!;

        Assert.Contains("extrapolated", Assert.Single(fit.Remarks), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2 different KL", 1, .3, 4, .4, 4, .5)]
    [InlineData("there is nothing to explain", 1, .3, 4, .3, 9, .3)]
    [InlineData("that gold ever falls cannot be told", 1, .1, 4, .3, 9, .6)]
    [InlineData("there is no gain", 1, -.1, 4, -.4, 9, -.8)]
    [InlineData("too large to be calculated with", 1, .3, 1e308, .4, 9e307, .5)]
    public void What_the_points_do_not_carry_is_refused_with_words(string why, double k1, double g1, double k2, double g2, double k3, double g3)
    {
        var (fit, refused) = LawFitting.Fit(Law.Rl, [new(k1, g1), new(k2, g2), new(k3, g3)]);

        Assert.Null(fit);
        Assert.Contains(why, refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Tiny_distances_carry_no_law_under_RL()
    {
        var (fit, refused) = LawFitting.Fit(Law.Rl, [new(1e-4, .3), new(1e-3, .1), new(1e-2, .2), new(0.02, .1)]);

        Assert.Null(fit);
        Assert.Contains("4 of 4 points are closer to the start", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Points_out_of_range_are_refused_by_name()
    {
        Assert.Contains("KL of point 1", Assert.Throws<ArgumentException>(() => LawFitting.Fit(Law.Rl, [new(-1, 0)])).Message, StringComparison.Ordinal);
        Assert.Contains("gold of point 2", Assert.Throws<ArgumentException>(() => LawFitting.Fit(Law.Rl, [new(1, 0), new(1, double.NaN)])).Message, StringComparison.Ordinal);
        Assert.Contains("standard error of point 1", Assert.Throws<ArgumentException>(() => LawFitting.Fit(Law.Rl, [new(1, 0, 0)])).Message, StringComparison.Ordinal);
        Assert.Contains("weight of point 1", Assert.Throws<ArgumentException>(() => LawFitting.Fit(Law.Rl, [new(1, 0, Weight: -1)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void C4_one_more_round_beside_training_longer()
    {
        var fit = LawFitting.Fit(Law.Rl, Points(new(Law.Rl, .35, .154), null)).Fit!;

        Assert.Equal(1.084882 - .444414, NextRound.Predict(fit, 36, 1).OneMoreRound.Value, 1e-6);
        Assert.Equal(1.72535 - 1.084882, NextRound.Predict(fit, 36, 2).OneMoreRound.Value + NextRound.Predict(fit, 36, 3).OneMoreRound.Value, 1e-6);
        Assert.Equal(0, NextRound.Predict(fit, 36, 1).TrainingLonger.Value);
        Assert.Equal(.549869 - .35, NextRound.Predict(fit, 1, 1).TrainingLonger.Value, 1e-6);
    }

    static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    static List<GoldPoint> Points(LawCurve curve, double? error) => [.. Distances.Select(d => new GoldPoint(d * d, curve.At(d * d), error))];
}
