using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Optimization;

public sealed class TrainerStateTests
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public void A_state_larger_than_a_file_may_be_is_cut_into_several_and_comes_back_as_the_same_bits(long largest)
    {
        using var saved = Start(1);
        using var restored = Start(2);

        var files = TrainerState.Save([("a.", saved.Optimizer)], 7, largest).Bytes();
        var completed = TrainerState.Restore([("a.", restored.Optimizer)], files.Streams());

        Assert.Equal(7, completed);
        Assert.Equal(Tensors(saved.Optimizer), Tensors(restored.Optimizer));
        Assert.All(files.Where(f => f.Key.EndsWith(".safetensors", StringComparison.Ordinal)), f => Assert.InRange(f.Value.Length, 1, largest + 500));
    }

    [Fact]
    public void A_file_that_is_missing_is_told_by_the_tensor_that_lacks()
    {
        using var saved = Start(1);
        var files = TrainerState.Save([("a.", saved.Optimizer)], 7, 100).Where(f => f.Key != "state-2.safetensors").Bytes();

        var error = Assert.Throws<InvalidDataException>(() => TrainerState.Restore([("a.", saved.Optimizer)], files.Streams()));

        Assert.Matches("^The checkpoint has no tensor 'a\\.0\\.[a-z]+' of 51 numbers\\.$", error.Message);
    }

    static float[] Tensors(IState state) => [.. state.Tensors.SelectMany(t => Some.Values(t.Value))];

    static (AdamW Optimizer, ParameterSet Set) New(ulong seed)
    {
        var set = new ParameterSet([("w", [17, 3])], Device);
        using var mode = no_grad();
        manual_seed((long)seed);
        set.Flat.copy_(randn(51));
        var optimizer = new AdamW([set], 0);
        set.GatherGradient().copy_(randn(51));
        optimizer.Step(0.1);
        return (optimizer, set);
    }

    static Running Start(ulong seed) => new(New(seed));

    sealed class Running((AdamW Optimizer, ParameterSet Set) parts) : IDisposable
    {
        public AdamW Optimizer => parts.Optimizer;

        public void Dispose()
        {
            parts.Optimizer.Dispose();
            parts.Set.Dispose();
        }
    }
}
