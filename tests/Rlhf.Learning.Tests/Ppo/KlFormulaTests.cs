using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Ppo;

/// <summary>The worked numbers of KL control, reward shaping, whitening, baselines and aggregation, by the product's own code.</summary>
public sealed class KlFormulaTests
{
    const double Tolerance = 1e-6;

    static readonly Device Device = TorchDevice.FromEnvironment();

    static readonly PpoHParams HParams = Support.TinyPpo.HParams;

    static float[] Values(Tensor tensor) => tensor.cpu().reshape(-1).data<float>().ToArray();

    static void AssertClose(double[] expected, Tensor actual, double tolerance = 2 * Tolerance)
    {
        var values = Values(actual);
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], values[i], tolerance);
    }

    static SampledCompletion Completion(int length, bool finished = true) => new([1, .. Enumerable.Repeat(5, length)], 1, finished, null);

    [Theory]
    [InlineData(9.0, .151536)]
    [InlineData(6.6, .150768)]
    [InlineData(6.0, .15)]
    [InlineData(3.0, .148464)]
    public void B3_the_adaptive_coefficient_follows_the_sequence_kl(double kl, double expected)
    {
        var controller = new KlController(HParams with { KlControl = KlControl.Adaptive, KlCoefficient = .15, KlTarget = 6, KlHorizon = 10000 });

        controller.Observe(kl, 512);

        Assert.Equal(expected, controller.Coefficient, Tolerance);
    }

    [Fact]
    public void B3_a_fixed_coefficient_stays()
    {
        var controller = new KlController(HParams with { KlCoefficient = .15 });

        controller.Observe(90, 512);

        Assert.Equal(.15, controller.Coefficient);
    }

    [Theory]
    [InlineData(10, 12, 10)]
    [InlineData(5, 7, 5)]
    [InlineData(5, -7, -5)]
    [InlineData(0, 12, 12)]
    public void B4_scores_are_clipped(double bound, double score, double expected) =>
        Assert.Equal(expected, new RewardShaping(HParams with { RewardClip = bound }).Clip(score));

    [Fact]
    public void B5_a_missing_end_of_sequence_is_taken_off() =>
        Assert.Equal([.5f, 1.5f], new RewardShaping(HParams with { MissingEosPenalty = 1 }).Shape([1.5f, 1.5f], [Completion(3, finished: false), Completion(3)]));

    [Theory]
    [InlineData(80, 0)]
    [InlineData(85, .25)]
    [InlineData(95, .75)]
    [InlineData(110, 1)]
    public void B5_the_overlong_penalty_grows_over_the_buffer(int length, double expected) =>
        Assert.Equal(expected, new RewardShaping(HParams with { OverlongPenalty = 1, OverlongLength = 100, OverlongBuffer = 20 }).Penalty(length, finished: true), Tolerance);

    [Theory]
    [InlineData(Variance.Biased, new[] { .0508, .4381, .8254, 1.2127, 1.6, 1.9873, 2.3746, 2.7619, 3.1492 })]
    [InlineData(Variance.Unbiased, new[] { .1394, .5046, .8697, 1.2349, 1.6, 1.9651, 2.3303, 2.6954, 3.0606 })]
    public void B6_whitening_without_mean_shift(Variance variance, double[] expected)
    {
        using var scope = NewDisposeScope();
        var rewards = tensor(new[] { 1.2f, 1.3f, 1.4f, 1.5f, 1.6f, 1.7f, 1.8f, 1.9f, 2.0f }, [3, 3], device: Device);

        AssertClose(expected, Advantages.Whiten(rewards, ones([3, 3], ScalarType.Bool, Device), variance, keepMean: true), 1e-4);
    }

    [Fact]
    public void B6_whitening_with_mean_shift()
    {
        using var scope = NewDisposeScope();
        var rewards = tensor(new[] { 1.2f, 1.3f, 1.4f, 1.5f, 1.6f, 1.7f, 1.8f, 1.9f, 2.0f }, [3, 3], device: Device);

        AssertClose([-1.5492, -1.1619, -.7746, -.3873, 0, .3873, .7746, 1.1619, 1.5492], Advantages.Whiten(rewards, ones([3, 3], ScalarType.Bool, Device)), 1e-4);
    }

    [Theory]
    [InlineData(LossAggregation.TokenMean, 2.5)]
    [InlineData(LossAggregation.SeqMeanTokenMean, 3.0)]
    [InlineData(LossAggregation.SeqMeanTokenSum, 5.0)]
    [InlineData(LossAggregation.Fixed, 2.5)]
    public void B12_aggregation_of_token_losses(LossAggregation aggregation, double expected)
    {
        using var scope = NewDisposeScope();
        var losses = tensor(new[] { 1f, 2, 3, 4, 99, -99 }, [2, 3], device: Device);
        var mask = tensor(new[] { true, true, true, true, false, false }, [2, 3], device: Device);

        // The published divisor of 4 tokens is for both completions together: 2 each.
        Assert.Equal(expected, (losses * LossWeights.Of(mask, aggregation, fixedTokens: 2)).sum().ToSingle(), Tolerance);
    }

    [Fact]
    public void B13_running_scale()
    {
        var scale = new RunningScale();

        scale.Add([1, 2, 3]);
        Assert.Equal((2.0, 1.0), (scale.Mean, scale.Deviation));
        scale.Add([4, 6]);

        Assert.Equal(3.2, scale.Mean, Tolerance);
        Assert.Equal(1.923538, scale.Deviation, Tolerance);
    }

    [Fact]
    public void B13_scores_are_divided_by_the_running_deviation()
    {
        var shaping = new RewardShaping(HParams with { RewardScaling = true });
        var completions = Enumerable.Range(0, 3).Select(_ => Completion(2)).ToList();
        shaping.Shape([1, 2, 3], completions);

        var second = shaping.Shape([4, 6], completions);

        Assert.Equal(4 / 1.923538, second[0], 2 * Tolerance);
        Assert.Equal(6 / 1.923538, second[1], 2 * Tolerance);
    }

    [Theory]
    [InlineData(AdvantageEstimator.Rloo, new[] { 0, -1.5, 1.5 })]
    [InlineData(AdvantageEstimator.Group, new[] { 0, -1.0, 1.0 })]
    public void B14_group_baselines(AdvantageEstimator estimator, double[] expected)
    {
        using var scope = NewDisposeScope();
        var rewards = tensor(new[] { .25f, .75f, -1, 1, 9, 2 }, [3, 2], device: Device);
        var mask = tensor(new[] { true, true, true, true, false, true }, [3, 2], device: Device);

        var advantages = GroupBaselines.Compute(rewards, mask, 3, estimator);

        AssertClose([expected[0], expected[0], expected[1], expected[1], 0, expected[2]], advantages);
    }

    [Fact]
    public void B15_explained_variance()
    {
        Assert.Equal(.375, PpoStatistics.ExplainedVariance(error: (.25 + 0 + 1) / 3, variance: 2.0 / 3)!.Value, Tolerance);
        Assert.Null(PpoStatistics.ExplainedVariance(error: 1, variance: 0));
    }
}
