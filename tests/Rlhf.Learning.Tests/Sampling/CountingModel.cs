using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Sampling;

/// <summary>A fake policy that is certain that the next token is the previous one plus 1, and checks how it is fed.</summary>
sealed class CountingModel(int slots, int length, int vocabulary) : ILanguageModelStep
{
    readonly long[] _expected = new long[slots];

    public int Slots => slots;

    public int Length => length;

    public Device Device => Support.Some.Device;

    internal int Steps { get; private set; }

    public Tensor Logits(Tensor tokens, Tensor positions)
    {
        Steps++;
        var (ids, places) = (tokens.cpu().data<long>().ToArray(), positions.cpu().data<long>().ToArray());
        var values = new float[slots * vocabulary];
        for (var slot = 0; slot < slots; slot++)
        {
            // A slot without a request is fed token 0 at position 0.
            Assert.True(places[slot] == _expected[slot] || (places[slot], ids[slot]) == (0, 0));
            _expected[slot] = places[slot] + 1;
            values[slot * vocabulary + (int)((ids[slot] + 1) % vocabulary)] = 50;
        }
        return tensor(values, [slots, vocabulary], device: Device);
    }

    public void Reset(int slot) => _expected[slot] = 0;
}
