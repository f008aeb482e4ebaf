using Rlhf.Learning.Models;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

public class LlamaModelTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    [InlineData(1)]
    public void Attention_with_the_cache_equals_attention_without_it(int keyValueHeads)
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model(Some.Config(keyValueHeads));
        var tokens = Some.Tokens(3, 24);
        var expected = model.Hidden(tokens).detach();
        using var cache = model.NewCache(3, 24);
        // Slot i begins i steps later, so that every slot is at a position of its own.
        for (var step = 0; step < 26; step++)
        {
            var positions = tensor(Enumerable.Range(0, 3).Select(slot => (long)Math.Clamp(step - slot, 0, 23)).ToArray(), device: Some.Device);

            var hidden = model.Step(tokens.gather(1, positions.unsqueeze(1)).squeeze(1), positions, cache);

            var rows = expected.gather(1, positions.view(3, 1, 1).expand(3, 1, 32)).squeeze(1);
            Assert.True(allclose(rows, hidden, 1e-5, 1e-5), $"step {step}");
        }
    }

    [Fact]
    public void A_step_gives_the_same_bits_whatever_the_position_of_the_other_slots()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model(Some.Config() with { MaxPositionEmbeddings = 64 });
        using var cache = model.NewCache(2, 64);
        var tokens = tensor(new long[] { 7, 9 }, device: Some.Device);
        Tensor Step(long other) => model.Step(tokens, tensor(new[] { 0, other }, device: Some.Device), cache)[0];

        var near = Step(0);

        Assert.All([15L, 16, 40, 63], other => Assert.Equal(Some.Values(near), Some.Values(Step(other))));
    }

    [Fact]
    public void A_position_does_not_see_what_comes_after_it()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();
        var tokens = Some.Tokens(2, 10);
        var changed = tokens.clone();
        changed[.., 6..] = 5;

        var (before, after) = (model.Hidden(tokens), model.Hidden(changed));

        Assert.Equal(Some.Values(before[.., ..6]), Some.Values(after[.., ..6]));
        Assert.NotEqual(Some.Values(before[.., 6..]), Some.Values(after[.., 6..]));
    }

    [Fact]
    public void Order_matters_through_the_rotary_positions()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();
        var ab = model.Hidden(tensor(new long[] { 5, 6, 7 }, [1, 3], device: Some.Device))[0, 2];
        var ba = model.Hidden(tensor(new long[] { 6, 5, 7 }, [1, 3], device: Some.Device))[0, 2];

        Assert.False(allclose(ab, ba, 1e-5, 1e-7));
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        using var scope = NewDisposeScope();
        using var first = Some.Model(seed: 3);
        using var second = Some.Model(seed: 3);
        using var third = Some.Model(seed: 4);

        Assert.Equal(Some.Values(first.Parameters.Flat), Some.Values(second.Parameters.Flat));
        Assert.NotEqual(Some.Values(first.Parameters.Flat), Some.Values(third.Parameters.Flat));
    }

    [Fact]
    public void New_weights_have_deviation_a_fiftieth_and_less_where_they_write_to_the_residual_stream()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();

        Assert.Equal(0.02, model.Parameters["model.embed_tokens.weight"].std().ToDouble(), 3);
        Assert.Equal(0.01, model.Parameters["model.layers.1.mlp.down_proj.weight"].std().ToDouble(), 3);
        Assert.All(Some.Values(model.Parameters["model.norm.weight"]), value => Assert.Equal(1, value));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_parameter_learns(bool tied)
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model(Some.Config(tied: tied));
        var tokens = Some.Tokens(2, 12);

        var loss = nn.functional.cross_entropy(model.Logits(model.Hidden(tokens[.., ..11])).view(22, -1), tokens[.., 1..].reshape(22));
        loss.backward();

        Assert.All(model.Parameters.Names, name => Assert.NotEqual(0, model.Parameters[name].grad!.abs().sum().ToSingle()));
    }

    [Fact]
    public void The_gradient_is_the_slope_of_the_loss()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();
        var tokens = Some.Tokens(2, 12);
        Tensor Loss() => model.Hidden(tokens)[.., .., 0].square().mean();

        Loss().backward();
        var gradient = model.Parameters.GatherGradient().clone();
        using var mode = no_grad();
        var step = 1e-3 / gradient.norm().ToDouble();
        model.Parameters.Flat.add_(gradient, step);
        var up = Loss().ToDouble();
        model.Parameters.Flat.add_(gradient, -2 * step);
        var down = Loss().ToDouble();

        Assert.Equal(1, (up - down) / (2e-3 * gradient.norm().ToDouble()), 1e-2);
    }

    [Fact]
    public void A_sequence_longer_than_the_context_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();

        var error = Assert.Throws<ArgumentException>(() => model.Hidden(Some.Tokens(1, 25)));

        Assert.Equal("A sequence of 25 tokens does not fit into this model's context of 24.", error.Message);
    }

    [Fact]
    public void Forward_and_backward_leave_no_tensor_behind()
    {
        using var model = Some.Model();
        void Once()
        {
            using var scope = NewDisposeScope();
            model.Hidden(Some.Tokens(2, 12)).sum().backward();
            model.Parameters.ZeroGradient();
        }
        Once();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 10; i++)
            Once();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
