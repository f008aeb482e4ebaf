using System.Globalization;
using System.Runtime.InteropServices;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Sft;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

/// <summary>Activations that are computed again for the backward pass change no bit of what comes out.</summary>
public sealed class GradientCheckpointTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama", false)]
    [InlineData("llama", true)]
    [InlineData("qwen3", false)]
    [InlineData("qwen3", true)]
    [InlineData("gpt2", false)]
    [InlineData("gpt2", true)]
    public void Logits_and_gradients_have_the_same_bits_also_where_a_second_pass_adds_to_them(string family, bool adapted)
    {
        using var model = Model(family, adapted);

        var kept = TwoPasses(model);
        model.CheckpointGradients = true;
        var again = TwoPasses(model);

        Assert.Equal(kept.Logits, again.Logits);
        Assert.Equal(kept.First, again.First);
        Assert.Equal(kept.Both, again.Both);
        Assert.All(model.Trainable.Names, n => Assert.Contains(Some.Values(model.Trainable[n].grad!), g => g != 0));
    }

    [Fact]
    public void Layers_that_are_frozen_below_trained_ones_need_no_gradient()
    {
        using var whole = Some.Model();
        var frozen = whole.Parameters.Names.Where(n => n.Contains("embed_tokens") || n.Contains("layers.0")).ToList();
        var parameters = new ParameterSet(whole.Parameters.Shapes, Some.Device, frozen: frozen);
        parameters.CopyFrom(whole.Parameters);
        using var model = new DecoderModel(whole.Config, parameters);

        var kept = TwoPasses(model);
        model.CheckpointGradients = true;
        var again = TwoPasses(model);

        Assert.Equal(kept.Both, again.Both);
        Assert.Contains(kept.Both, g => g != 0);
    }

    [Fact]
    public void Where_nothing_trains_or_no_gradient_is_recorded_the_result_needs_none()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();
        using var reference = model.Clone();
        (model.CheckpointGradients, reference.CheckpointGradients) = (true, true);

        Assert.True(model.Hidden(Some.Tokens(2, 5)).requires_grad);
        Assert.False(reference.Hidden(Some.Tokens(2, 5)).requires_grad);
        using var mode = no_grad();
        Assert.False(model.Hidden(Some.Tokens(2, 5)).requires_grad);
    }

    [Fact]
    public void A_training_ends_with_the_same_bits()
    {
        Assert.Equal(Trained(checkpoint: false), Trained(checkpoint: true));

        static float[] Trained(bool checkpoint)
        {
            using var policy = DecoderModel.Initialize(TinyModels.Config, 1, Some.Device);
            policy.CheckpointGradients = checkpoint;
            var (trainer, others) = TinyPpo.Start(policy, TinyPpo.HParams with { Updates = 2, MicrobatchSize = 8, PtxCoefficient = 0.1 });
            while (trainer.Completed < trainer.Updates) trainer.Update(Token);
            trainer.Dispose();
            foreach (var other in others) other.Dispose();
            return Some.Values(policy.Trainable.Flat);
        }
    }

    [Fact]
    public void A_loss_that_is_kept_can_be_gone_through_twice()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model();
        model.CheckpointGradients = true;
        var loss = Loss(model, model.Hidden(Some.Tokens(2, 5)));

        loss.backward(retain_graph: true);
        var once = Some.Values(model.Trainable.GatherGradient());
        loss.backward();

        Assert.Equal(once.Select(g => 2 * g), Some.Values(model.Trainable.GatherGradient()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_error_within_the_backward_pass_reaches_its_caller(bool adapted)
    {
        using var scope = NewDisposeScope();
        var model = Model("llama", adapted);
        model.CheckpointGradients = true;
        var first = Loss(model, model.Hidden(Some.Tokens(2, 5, 128)));
        var second = Loss(model, model.Hidden(Some.Tokens(2, 5, 128)));
        model.Dispose();

        Assert.Throws<ExternalException>(first.backward);
        var error = Assert.Throws<InvalidOperationException>(() => GradientCheckpoint.Backward(second));

        Assert.StartsWith("Activations could not be computed again for the backward pass: ", error.Message);
        Assert.EndsWith(error.InnerException!.Message, error.Message);
    }

    [Fact]
    public void An_error_in_the_part_nearest_to_a_frozen_input_reaches_its_caller_too()
    {
        using var scope = NewDisposeScope();
        using var input = ones(2, 3);
        using var weight = ones(3, requires_grad: true);
        var calls = 0;
        var loss = GradientCheckpoint.Apply(x => calls++ == 0 ? x.mul(weight) : throw new InvalidDataException("second call"), input).sum();

        var error = Assert.Throws<InvalidOperationException>(() => GradientCheckpoint.Backward(loss));

        Assert.Equal("Activations could not be computed again for the backward pass: second call", error.Message);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Collections_by_another_thread_take_nothing_away_that_the_engine_still_reads()
    {
        using var model = Model("gpt2", adapted: true);
        model.CheckpointGradients = true;
        var expected = TwoPasses(model).Both;
        using var done = new CancellationTokenSource();
        var collector = Task.Run(
            () =>
            {
                while (!done.IsCancellationRequested)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                }
            },
            Token);

        for (var i = 0; i < 100; i++) Assert.Equal(expected, TwoPasses(model).Both);
        await done.CancelAsync();
        await collector;
    }

    static DecoderModel Model(string family, bool adapted)
    {
        var (model, _) = Families.Load(family, trainable: !adapted);
        if (!adapted) return model;
        var targets = LowRankConfig.AllTargets.Where(t => family != "gpt2" || t != "gate_proj").ToList();
        var adapter = LowRankAdapter.Initialize(new(2, 4, targets), model.Config, 3, Some.Device);
        using (var scope = NewDisposeScope())
        using (no_grad())
            // B begins as zero, and then A has no gradient.
            adapter.Parameters.Flat.PlusInPlace(Scalars.Range(adapter.Parameters.Count, ScalarType.Float32, Some.Device).sin().mul(Scalars.Number(0.1)));
        return new(model.Config, model.Parameters, adapter);
    }

    static (float[] Logits, float[] First, float[] Both) TwoPasses(DecoderModel model)
    {
        using var scope = NewDisposeScope();
        model.Trainable.ZeroGradient();
        var tokens = Some.Tokens(3, 11, model.Config.VocabSize);
        var hidden = model.Hidden(tokens);
        GradientCheckpoint.Backward(Loss(model, hidden));
        var first = Some.Values(model.Trainable.GatherGradient());
        GradientCheckpoint.Backward(SupervisedTrainer.Loss(model, TokenBatch.Pad([[3, 4, 5, 6, 7, 8], [9, 3, 4], [5, 5, 7, 9]], padId: 0, Some.Device)));
        return (Some.Values(model.Logits(hidden)), first, Some.Values(model.Trainable.GatherGradient()));
    }

    static Tensor Loss(DecoderModel model, Tensor hidden) => nn.functional.log_softmax(model.Logits(hidden), -1).abs().mean();
}

/// <summary>Tests that look at the whole process's memory run alone.</summary>
[CollectionDefinition(nameof(WholeProcess), DisableParallelization = true)]
public sealed class WholeProcess;

/// <summary>What is kept for a backward pass goes with it.</summary>
[Collection(nameof(WholeProcess))]
public sealed class GradientCheckpointMemoryTests
{
    [Fact]
    public void Fifty_steps_leave_nothing_behind_whether_their_backward_pass_comes_or_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        using var model = Some.Model();
        model.CheckpointGradients = true;
        using var tokens = Some.Tokens(256, 24);
        for (var i = 0; i < 5; i++) Step(backward: true);
        var (tensors, memory) = (Tensor.TotalCount, Resident());

        for (var i = 0; i < 50; i++) Step(backward: i % 5 != 0);

        // A layer's input is 768 KB here: one forgotten by each layer in each step would be 77 MB.
        Assert.InRange(Resident() - memory, long.MinValue, 50_000);
        Assert.InRange(Tensor.TotalCount - tensors, long.MinValue, 20);

        void Step(bool backward)
        {
            using var scope = NewDisposeScope();
            var loss = model.Hidden(tokens).abs().mean();
            if (backward) loss.backward();
            model.Trainable.ZeroGradient();
        }
    }

    /// <summary>In kB.</summary>
    static long Resident()
    {
        var line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
