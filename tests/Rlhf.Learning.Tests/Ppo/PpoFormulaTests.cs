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

        var (loss, clipFraction, approximateKl) = PpoLoss.Policy(Row(-.9f, -2.4f, -.5f), Row(-1, -2, -.5f), Row(1, -.5f, -2), All(3), 0.2);

        Assert.Equal(.43161, loss.ToSingle(), 2 * Tolerance);
        Assert.Equal(.333333, clipFraction.ToSingle(), Tolerance);
        Assert.Equal(.028333, approximateKl.ToSingle(), Tolerance);
    }

    [Fact]
    public void B10_value_loss()
    {
        using var scope = NewDisposeScope();

        var (loss, clipFraction) = PpoLoss.Value(Row(.9f, .75f, 1.6f), Row(.5f, .8f, 1), Row(1, 1, 1.2f), All(3), 0.2);

        Assert.Equal(.052083, loss.ToSingle(), Tolerance);
        Assert.Equal(.333333, clipFraction.ToSingle(), Tolerance);
    }

    [Fact]
    public void B11_temperature_divides_the_logits_in_log_probability_and_entropy()
    {
        using var scope = NewDisposeScope();
        using var model = LlamaModel.Initialize(Support.TinyModels.Config, 1, Device);
        var batch = new CompletionBatch([[1, 5, 6, 7]], [2], padId: 0, Device);
        using var noGrad = no_grad();
        var hidden = PolicyWithValue.Hidden(model, batch);

        var (logprobs, entropy) = PolicyWithValue.Logprobs(model, hidden, batch, 0.7);

        var logits = model.Logits(hidden) / 0.7;
        var expected = nn.functional.log_softmax(logits, -1);
        Assert.Equal(expected[0, 0, 6].ToSingle(), logprobs[0, 0].ToSingle(), 1e-5);
        Assert.Equal(expected[0, 1, 7].ToSingle(), logprobs[0, 1].ToSingle(), 1e-5);
        Assert.Equal(-(expected.exp() * expected)[0, 1].sum().ToSingle(), entropy[0, 1].ToSingle(), 1e-5);
    }
}
