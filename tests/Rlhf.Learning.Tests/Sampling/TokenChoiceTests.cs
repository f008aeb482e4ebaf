using Rlhf.Learning.Randomness;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Sampling;

public class TokenChoiceTests
{
    // Probabilities .1 .4 .2 .3
    static readonly float[] Logits = [MathF.Log(0.1f), MathF.Log(0.4f), MathF.Log(0.2f), MathF.Log(0.3f)];

    [Theory]
    [InlineData(0.05, 0)]
    [InlineData(0.099, 0)]
    [InlineData(0.101, 1)]
    [InlineData(0.499, 1)]
    [InlineData(0.501, 2)]
    [InlineData(0.699, 2)]
    [InlineData(0.701, 3)]
    [InlineData(0.999999999, 3)]
    public void A_draw_is_looked_up_in_the_cumulative_probabilities(double draw, int expected)
    {
        Assert.Equal(expected, Choose(draw, new()));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5713, 1)] // .4 / .7
    [InlineData(0.5716, 3)]
    [InlineData(0.999999999, 3)]
    public void Top_k_leaves_the_most_probable_tokens_in_proportion(double draw, int expected)
    {
        Assert.Equal(expected, Choose(draw, new() { TopK = 2 }));
    }

    [Theory]
    [InlineData(0.39, 0.99, 1)] // .4 alone holds .39
    [InlineData(0.69, 0.99, 3)] // .4 and .3
    [InlineData(0.71, 0.99, 2)] // and .2
    [InlineData(0.71, 0.44, 1)] // .4 / .9
    [InlineData(0.71, 0.45, 3)]
    public void Top_p_leaves_the_fewest_tokens_that_hold_the_mass(double topP, double draw, int expected)
    {
        Assert.Equal(expected, Choose(draw, new() { TopP = topP }));
    }

    [Fact]
    public void Top_p_counts_the_mass_within_top_k()
    {
        // .4 of .7 is .571: enough for .57, not for .58.
        Assert.Equal(1, Choose(0.99, new() { TopK = 2, TopP = 0.57 }));
        Assert.Equal(3, Choose(0.99, new() { TopK = 2, TopP = 0.58 }));
    }

    [Fact]
    public void Temperature_zero_takes_the_most_probable_token()
    {
        Assert.Equal(1, Choose(0.99, new() { Temperature = 0 }));
    }

    [Fact]
    public void A_token_of_probability_zero_is_never_drawn()
    {
        using var scope = NewDisposeScope();
        var logits = tensor([float.NegativeInfinity, 0, float.NegativeInfinity], [1, 3], device: Some.Device);

        Assert.All([0, 0.5, Math.BitDecrement(1.0)], draw => Assert.Equal(1, TokenChoice.Choose(logits, Draws(draw), new()).ToInt64()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    public void Drawn_frequencies_are_the_softmax_of_the_logits_over_the_temperature(double temperature)
    {
        using var scope = NewDisposeScope();
        const int Draws = 40000;
        var logits = tensor(Logits, [1, 4], device: Some.Device).expand(Draws, 4);
        var draws = tensor(Enumerable.Range(0, Draws).Select(i => CounterRandom.Uniform(3, 0, 0, (uint)i)).ToArray(), device: Some.Device);

        var chosen = TokenChoice.Choose(logits, draws, new() { Temperature = temperature });

        double[] weights = [.. Logits.Select(l => Math.Exp(l / temperature))];
        var counts = chosen.bincount(null, 4).cpu().data<long>().ToArray();
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(weights[i] / weights.Sum(), counts[i] / (double)Draws, 0.01));
    }

    static long Choose(double draw, SamplingHParams hparams)
    {
        using var scope = NewDisposeScope();
        return TokenChoice.Choose(tensor(Logits, [1, 4], device: Some.Device), Draws(draw), hparams).ToInt64();
    }

    static Tensor Draws(double draw) => tensor([draw], device: Some.Device);
}
