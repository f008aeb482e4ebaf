using Rlhf.Learning.Models;
using Rlhf.Learning.Tests.Support;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

public class ParameterSetTests
{
    static readonly (string, long[])[] Shapes = [("a", [2, 3]), ("b", [1, 3]), ("c", [4])];

    [Fact]
    public void A_named_parameter_and_the_flat_buffer_are_the_same_memory()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device);

        using (no_grad())
            parameters.Flat.copy_(arange(13, ScalarType.Float32));
        parameters.Set("c", full(4, 7f));

        Assert.Equal([6, 7, 8], Some.Values(parameters["b"]));
        Assert.Equal([7, 7, 7, 7], Some.Values(parameters.Flat)[9..]);
        Assert.Equal(13, parameters.Count);
        Assert.Equal(["a", "b", "c"], parameters.Names);
    }

    [Fact]
    public void Autograd_goes_on_with_the_new_values_after_the_flat_buffer_was_updated_in_place()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device);

        for (var step = 0; step < 3; step++)
        {
            parameters["a"].sub(1).square().sum().backward();
            using (no_grad())
                parameters.Flat.add_(parameters.GatherGradient(), -0.5);
            parameters.ZeroGradient();
        }

        Assert.All(Some.Values(parameters["a"]), value => Assert.Equal(1, value));
        Assert.Equal(0, Some.Values(parameters["b"]).Sum());
    }

    [Fact]
    public void The_flat_gradient_holds_each_parameters_gradient_and_zero_where_none_has_flowed()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device);

        parameters["a"].mul(2).sum().backward();
        parameters["c"].mul(3).sum().backward();
        parameters["c"].sum().backward();

        Assert.Equal([2, 2, 2, 2, 2, 2, 0, 0, 0, 4, 4, 4, 4], Some.Values(parameters.GatherGradient()));
    }

    [Fact]
    public void Joined_parameters_share_memory_and_gradient_with_the_single_ones()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device);

        parameters.Set("b", ones(1, 3));
        parameters.Joined("a", "b").mul(2).sum().backward();
        parameters["b"].sum().backward();

        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 1], Some.Values(parameters.Joined("a", "b")));
        Assert.Equal([2, 2, 2, 2, 2, 2, 3, 3, 3, 0, 0, 0, 0], Some.Values(parameters.GatherGradient()));
    }

    [Fact]
    public void Frozen_names_get_no_gradient()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device, frozen: ["a"]);

        parameters["a"].sum().add(parameters["c"].sum()).backward();

        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], Some.Values(parameters.GatherGradient()));
    }

    [Fact]
    public void A_clone_has_its_own_memory_and_is_frozen_unless_asked()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device);

        using var frozen = parameters.Clone();
        using var trainable = parameters.Clone(requiresGrad: true);
        parameters.Set("c", ones(4));

        Assert.False(frozen.RequiresGrad);
        Assert.True(trainable["a"].requires_grad);
        Assert.Equal(0, Some.Values(frozen.Flat).Sum());
        Assert.Throws<InvalidOperationException>(frozen.GatherGradient);
    }

    [Fact]
    public void Weights_are_only_copied_between_equal_sets()
    {
        using var scope = NewDisposeScope();
        using var parameters = new ParameterSet(Shapes, Some.Device);
        using var other = new ParameterSet([("a", [13])], Some.Device);

        var error = Assert.Throws<ArgumentException>(() => parameters.CopyFrom(other));

        Assert.Equal("Weights cannot be copied between sets of different parameters (13 weights into 13).", error.Message);
    }

    [Fact]
    public void Bad_lists_of_parameters_are_refused_by_name()
    {
        Assert.Equal("Parameter 'a' is listed twice.", Refusal([("a", [1]), ("a", [1])]));
        Assert.Equal("Parameter 'a' has shape [2, 0], but every dimension must be at least 1.", Refusal([("a", [2, 0])]));
        Assert.Equal("Parameter 'x' is to be frozen, but the model has no parameter of that name.", Refusal([("a", [1])], "x"));
    }

    static string Refusal((string, long[])[] shapes, params string[] frozen) =>
        Assert.Throws<ArgumentException>(() => new ParameterSet(shapes, Some.Device, frozen: frozen)).Message;
}
