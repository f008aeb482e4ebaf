using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Optimization;

public sealed class OptimizationTests
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    [Theory]
    [InlineData(.01, 9.99001e-4)]
    [InlineData(1e-5, 5.0e-4)]
    public void B16_adam_adds_epsilon_to_the_corrected_root(double gradient, double expected)
    {
        using var weights = new ParameterSet([("w", [1])], Device);
        using var optimizer = new AdamW([weights], 0, new(Epsilon: 1e-5));
        using (var loss = weights["w"].mul(gradient).sum()) loss.backward();

        optimizer.Step(1e-3);

        Assert.Equal(-expected, weights.Flat.ToSingle(), 1e-9);
    }

    [Fact]
    public void B18_linear_learning_rate() =>
        Assert.Equal([1e-5, 9e-6, 1e-6], new[] { 0, 1, 9 }.Select(u => Math.Round(LearningRates.At(Anneal.Linear, 1e-5, u, 0, 10), 12)));

    [Theory]
    [InlineData(Anneal.Linear, new[] { .5, 1, .75, .25 })]
    [InlineData(Anneal.Cosine, new[] { .5, 1, .853553, .146447 })]
    [InlineData(Anneal.Constant, new[] { .5, 1, 1, 1 })]
    public void The_learning_rate_rises_over_its_warm_up_and_then_follows_its_curve(Anneal anneal, double[] expected)
    {
        var rates = new[] { 0, 1, 2, 4 }.Select(u => LearningRates.At(anneal, 1, u, warmup: 1, updates: 5)).ToArray();

        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], rates[i], 1e-6);
    }

    [Fact]
    public void A_gradient_that_is_no_number_names_its_parameter_and_changes_nothing()
    {
        using var weights = new ParameterSet([("good", [2]), ("bad", [2])], Device);
        using var optimizer = new AdamW([weights], 0);
        using (var loss = weights["good"].sum() + weights["bad"].mul(float.NaN).sum()) loss.backward();

        var error = Assert.Throws<NonFiniteException>(() => optimizer.Step(1, 1, new(7, ["a", "b"], [[1], [2]])));

        Assert.Equal("gradient of bad", error.Tensor);
        Assert.Equal("The gradient of bad is NaN at update 7 (batch a, b); expected finite numbers.", error.Message);
        Assert.Equal(2, error.Sequences.Count);
        Assert.Equal([0, 0, 0, 0], weights.Flat.cpu().data<float>().ToArray());
        Assert.Equal(0, optimizer.Count);
    }

    [Fact]
    public void The_average_of_weights_follows_them_by_its_decay()
    {
        using var weights = new ParameterSet([("w", [1])], Device);
        using var average = new WeightAverage([weights], 0.9);
        using (no_grad()) weights.Flat.fill_(1);
        average.Add();
        average.Add();

        average.Apply();

        Assert.Equal(0.19, weights.Flat.ToSingle(), 1e-6);
    }
}
