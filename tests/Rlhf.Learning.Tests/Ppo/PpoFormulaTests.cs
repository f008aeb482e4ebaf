using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Ppo;

/// <summary>The worked numbers of the published formulas, by the product's own code; the name of a test begins with the formula's.</summary>
public sealed class PpoFormulaTests
{
    const double Tolerance = 1e-6;

    static readonly Device Device = TorchDevice.FromEnvironment();

    static Tensor Row(params float[] values) => tensor(values, [1, values.Length], device: Device);

    static Tensor All(int count) => ones([1, count], ScalarType.Bool, Device);

    static void AssertClose(double[] expected, Tensor actual)
    {
        var values = actual.cpu().reshape(-1).data<float>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], values[i], 2 * Tolerance);
    }

    [Theory]
    [InlineData(KlEstimator.K1, 0.2, -0.5, 0.0)]
    [InlineData(KlEstimator.K2, 0.02, 0.125, 0.0)]
    [InlineData(KlEstimator.K3, 0.018731, 0.148721, 0.0)]
    [InlineData(KlEstimator.Abs, 0.2, 0.5, 0.0)]
    public void B1_kl_estimators(KlEstimator estimator, params double[] expected)
    {
        using var scope = NewDisposeScope();

        var kl = KlPenalty.Estimate(Row(-1, -2, -.5f), Row(-1.2f, -1.5f, -.5f), estimator);

        AssertClose(expected, kl);
    }

    [Fact]
    public void B2_token_rewards_are_the_kl_penalty_and_the_score_at_the_last_token()
    {
        using var scope = NewDisposeScope();

        var rewards = KlPenalty.Rewards(Row(.2f, -.5f, 0), tensor(new[] { 1.5f }, device: Device), tensor(new[] { 3L }, device: Device), 0.1);

        AssertClose([-.02, .05, 1.5], rewards);
        Assert.Equal(1.53, rewards.sum().ToSingle(), Tolerance);
    }

    [Fact]
    public void B2_what_follows_the_completion_gets_no_reward()
    {
        using var scope = NewDisposeScope();

        var rewards = KlPenalty.Rewards(Row(.2f, -.5f, 7), tensor(new[] { 1.5f }, device: Device), tensor(new[] { 2L }, device: Device), 0.1);

        AssertClose([-.02, 1.55, 0], rewards);
    }

    [Theory]
    [InlineData(0.95, new[] { .96875, .725, .5 }, new[] { 1.46875, 1.525, 1.5 })]
    [InlineData(1.0, new[] { 1.03, .75, .5 }, new[] { 1.53, 1.55, 1.5 })]
    public void B7_advantages_and_returns(double lambda, double[] advantages, double[] returns)
    {
        using var scope = NewDisposeScope();

        var (a, r) = Advantages.Compute(Row(-.02f, .05f, 1.5f), Row(.5f, .8f, 1), All(3), 1, lambda);

        AssertClose(advantages, a);
        AssertClose(returns, r);
    }

    [Fact]
    public void B7_whitened_advantages()
    {
        using var scope = NewDisposeScope();

        AssertClose([1.240744, -.032651, -1.208093], Advantages.Whiten(Row(.96875f, .725f, .5f), All(3)));
    }

    [Fact]
    public void B7_padding_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var mask = tensor(new[] { true, true, true, false, false }, [1, 5], device: Device);

        var (advantages, returns) = Advantages.Compute(Row(-.02f, .05f, 1.5f, 0, 0), Row(.5f, .8f, 1, 9, -9), mask, 1, 0.95);

        AssertClose([.96875, .725, .5, 0, 0], advantages);
        AssertClose([1.46875, 1.525, 1.5, 0, 0], returns);
        AssertClose([1.240744, -.032651, -1.208093, 0, 0], Advantages.Whiten(advantages, mask));
    }

    [Fact]
    public void B8_policy_loss()
    {
        using var scope = NewDisposeScope();

        var (loss, clipped, ratio, difference) = PpoLoss.Policy(Row(-.9f, -2.4f, -.5f), Row(-1, -2, -.5f), Row(1, -.5f, -2), 0.2, 0.2);

        AssertClose([-1.105171, .4, 2], loss);
        AssertClose([1.105171, .67032, 1], ratio);
        Assert.Equal(.43161, PpoLoss.Mean(loss, All(3)).ToSingle(), 2 * Tolerance);
        Assert.Equal(.333333, clipped.mean().ToSingle(), Tolerance);
        Assert.Equal(.028333, difference.square().mean().ToSingle() / 2, Tolerance);
    }

    [Fact]
    public void B8_the_log_ratio_is_clamped()
    {
        using var scope = NewDisposeScope();

        var (_, _, ratio, _) = PpoLoss.Policy(Row(0, -60), Row(-60, 0), Row(1, 1), 0.2, 0.2, logRatioClamp: 20);

        Assert.Equal(Math.Exp(20), ratio[0, 0].ToSingle(), Math.Exp(20) * 1e-5);
        Assert.Equal(Math.Exp(-20), ratio[0, 1].ToSingle(), 1e-12);
    }

    [Fact]
    public void B8_the_ratio_is_clipped_lower_and_higher_by_ranges_of_their_own()
    {
        using var scope = NewDisposeScope();

        var (loss, _, _, _) = PpoLoss.Policy(Row(MathF.Log(1.5f), MathF.Log(.5f)), Row(0, 0), Row(1, -1), low: 0.1, high: 0.3);

        AssertClose([-1.3, .9], loss);
    }

    [Theory]
    [InlineData(3, new[] { -1.2, -.5, .8, 3 })]
    [InlineData(0, new[] { -1.2, -.5, .8, 5 })]
    public void B9_dual_clip_bounds_the_loss_of_negative_advantages(double dualClip, double[] expected)
    {
        using var scope = NewDisposeScope();
        float[] ratios = [1.5f, .5f, .5f, 5];

        var (loss, _, _, _) = PpoLoss.Policy(Row([.. ratios.Select(r => MathF.Log(r))]), Row(0, 0, 0, 0), Row(1, 1, -1, -1), 0.2, 0.2, dualClip);

        AssertClose(expected, loss);
    }

    [Fact]
    public void B10_value_loss()
    {
        using var scope = NewDisposeScope();

        var (loss, clipped) = PpoLoss.Value(Row(.9f, .75f, 1.6f), Row(.5f, .8f, 1), Row(1, 1, 1.2f), 0.2);

        Assert.Equal(.052083, loss.mean().ToSingle(), Tolerance);
        Assert.Equal(.333333, clipped.mean().ToSingle(), Tolerance);
    }

    [Fact]
    public void B11_temperature_divides_the_logits_in_log_probability_and_entropy()
    {
        using var scope = NewDisposeScope();
        using var model = DecoderModel.Initialize(Support.TinyModels.Config, 1, Device);
        var batch = new CompletionBatch([[1, 5, 6, 7]], [2], padId: 0, Device);
        using var noGrad = no_grad();
        var hidden = PolicyWithValue.Hidden(model, batch);

        var (logprobs, entropy) = PolicyWithValue.Logprobs(model, hidden, batch, 0.7, withEntropy: true);

        var logits = model.Logits(hidden) / 0.7;
        var expected = nn.functional.log_softmax(logits, -1);
        Assert.Equal(expected[0, 0, 6].ToSingle(), logprobs[0, 0].ToSingle(), 1e-5);
        Assert.Equal(expected[0, 1, 7].ToSingle(), logprobs[0, 1].ToSingle(), 1e-5);
        Assert.Equal(-(expected.exp() * expected)[0, 1].sum().ToSingle(), entropy![0, 1].ToSingle(), 1e-5);
    }

    [Theory]
    [InlineData(0.7, -.260118, .650573)]
    [InlineData(1, -.407606, null)]
    public void B11_temperature_on_worked_logits(double temperature, double logprob, double? entropy)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = DecoderModel.Initialize(Support.TinyModels.Config, 1, Device);
        var embedding = model.Parameters["model.embed_tokens.weight"].zero_();
        embedding[.., 0] = tensor([1f, 0, -1, .. Enumerable.Repeat(-1000f, 29)], device: Device);
        var hidden = zeros([1, 1, 16], device: Device);
        hidden[.., .., 0] = 1;

        var (logprobs, entropies) = PolicyWithValue.Logprobs(model, hidden, new([[1, 0]], [1], padId: 0, Device), temperature, withEntropy: true);

        Assert.Equal(logprob, logprobs.ToSingle(), Tolerance);
        if (entropy is { } expected) Assert.Equal(expected, entropies!.ToSingle(), Tolerance);
    }
}
