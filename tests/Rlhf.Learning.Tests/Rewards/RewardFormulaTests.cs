using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Rewards;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Rewards;

/// <summary>The worked numbers of the published formulas, by the product's own code.</summary>
public sealed class RewardFormulaTests
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    static readonly float[] Chosen = [1.2f, .4f, 2], Rejected = [.4f, 1.2f, -1];

    static Tensor Of(params float[] values) => tensor(values, device: Device);

    static float[] PerPair(PreferenceLoss loss, float[]? margin = null, float[]? probability = null, float[]? weight = null, float shift = 0) =>
        loss.PerPair(Of(Chosen) + shift, Of(Rejected) + shift, Of(margin ?? [0, 0, 0]), Of(probability ?? [1, 1, 1]), Of(weight ?? [1, 1, 1])).cpu().data<float>().ToArray();

    static void AssertClose(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-6);
    }

    [Fact]
    public void A1_bradley_terry_loss()
    {
        using var scope = NewDisposeScope();

        var loss = PerPair(new());

        AssertClose([.371101, 1.171101, .048587], loss);
        Assert.Equal(.530263, loss.Average(), 1e-6);
        AssertClose([.371101, 1.171101, .048587], PerPair(new(), shift: 3));
    }

    [Fact]
    public void A1_gradient_of_the_first_pair()
    {
        using var scope = NewDisposeScope();
        var chosen = tensor(new[] { 1.2f }, device: Device, requires_grad: true);

        new PreferenceLoss().PerPair(chosen, Of(.4f), Of(0), Of(1), Of(1)).sum().backward();

        Assert.Equal(-.310026, chosen.grad!.ToSingle(), 1e-6);
    }

    [Fact]
    public void A2_margin()
    {
        using var scope = NewDisposeScope();

        var loss = PerPair(new(), margin: [1, 0, 1 / 3f]);

        AssertClose([.798139, 1.171101, .067176], loss);
        Assert.Equal(.678805, loss.Average(), 1e-6);
    }

    [Fact]
    public void A3_centering()
    {
        using var scope = NewDisposeScope();

        Assert.Equal(.550663, PerPair(new(centering: .01)).Average(), 1e-6);
    }

    [Fact]
    public void A4_soft_labels_and_label_smoothing()
    {
        using var scope = NewDisposeScope();

        AssertClose([.451101, .771101, .048587], PerPair(new(), probability: [.9f, .5f, 1]));
        AssertClose([.451101, 1.091101, .348587], PerPair(new(labelSmoothing: .1)));
    }

    [Fact]
    public void Margin_soft_label_smoothing_centering_and_weight_compose_and_none_is_dropped()
    {
        using var scope = NewDisposeScope();
        static double LogSigmoid(double x) => -Math.Log(1 + Math.Exp(-x));

        var all = PerPair(new(.1, .01), margin: [.5f, .25f, 0], probability: [.9f, .75f, .5f], weight: [2, .5f, 1]);

        double[] margins = [.5, .25, 0], labels = [.9 * .8 + .1, .75 * .8 + .1, .5], weights = [2, .5, 1];
        AssertClose([.. Enumerable.Range(0, 3).Select(i =>
        {
            var x = (double)Chosen[i] - Rejected[i] - margins[i];
            var sum = (double)Chosen[i] + Rejected[i];
            return weights[i] * (-labels[i] * LogSigmoid(x) - (1 - labels[i]) * LogSigmoid(-x) + .01 * sum * sum);
        })], all);
    }

    [Fact]
    public void A8_normalization()
    {
        var normalization = ScoreNormalization.Of([1, 3, 2, 6], [1, 1, 1, 1], LengthTreatment.None);

        Assert.Equal(.534522, normalization.Gain, 1e-6);
        Assert.Equal(-1.603567, normalization.Bias, 1e-6);
        AssertClose([-1.069045, 0, -.534522, 1.603567], [.. new[] { 1f, 3, 2, 6 }.Select(x => normalization.Score(x, 1))]);
    }

    [Fact]
    public void A9_the_head_begins_with_deviation_one_over_the_root_of_width_plus_one()
    {
        using var scope = NewDisposeScope();
        using var head = ScalarHead.Random(768, seed: 1, Device);

        var deviation = head.Parameters["score.weight"].std(unbiased: false).ToSingle();

        Assert.Equal(.03606092, deviation, 0.1 * .03606092);
        Assert.Equal(0, head.Parameters["score.bias"].ToSingle());
    }

    [Fact]
    public void A11_residual_scores_have_no_slope_on_length_left()
    {
        float[] raw = [.1f, .5f, .4f, 1];
        int[] lengths = [10, 20, 30, 40];

        var normalization = ScoreNormalization.Of(raw, lengths, LengthTreatment.Residual);

        Assert.Equal(.026, normalization.Slope, 1e-6);
        double[] residuals = [-.01, .13, -.23, .11];
        for (var i = 0; i < 4; i++) Assert.Equal(residuals[i] + .5, normalization.Treated(raw[i], lengths[i]), 1e-6);
    }

    [Theory]
    [InlineData(EnsembleScore.Mean, 0, .6)]
    [InlineData(EnsembleScore.Worst, 0, .2)]
    [InlineData(EnsembleScore.Uncertainty, .1, .589333)]
    [InlineData(EnsembleScore.Uncertainty, .5, .546667)]
    public void A12_ensembles(EnsembleScore score, double coefficient, double expected) =>
        Assert.Equal(expected, EnsembleScorer.Combine([1, .2, .6], score, coefficient), 1e-6);
}
