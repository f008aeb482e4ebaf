using System.Runtime.InteropServices;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Memory;

/// <summary>Models of GPT-2's shape, 124 million weights, filled with noise.</summary>
static class Models
{
    public static DecoderConfig Config { get; } = new()
    {
        Family = DecoderFamily.Gpt2,
        VocabSize = 50257,
        HiddenSize = 768,
        IntermediateSize = 3072,
        NumHiddenLayers = 12,
        NumAttentionHeads = 12,
        NumKeyValueHeads = 12,
        MaxPositionEmbeddings = 1024,
        TieWordEmbeddings = true,
        BosTokenId = 50256,
        EosTokenId = 50256,
        PadTokenId = 50256,
    };

    /// <summary>As <see cref="DecoderModel.Initialize"/> but for the generator, which is libtorch's, since that one takes a while for so many.</summary>
    public static ParameterSet Weights(long seed, bool trainable)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        using var generator = new Generator((ulong)seed, CPU);
        var parameters = new ParameterSet(Config.ParameterShapes(), CPU, trainable);
        parameters.Flat.normal_(0, 0.02, generator);
        foreach (var (name, shape) in parameters.Shapes)
        {
            if (shape.Length == 1) parameters[name].fill_(Scalars.Number(name.EndsWith(".weight", StringComparison.Ordinal) ? 1 : 0));
        }
        return parameters;
    }

    public static RewardModel Reward(long seed, bool trainable) => new(
        new DecoderModel(Config, Weights(seed, trainable)), ScalarHead.Random(Config.HiddenSize, 5, CPU), new StandInTokenizer(Config));

    public static byte[] Bytes(ParameterSet parameters) => MemoryMarshal.AsBytes<float>(parameters.Flat.data<float>().ToArray()).ToArray();

    /// <summary>Ids that follow from their place alone, none of which ends a text.</summary>
    public static int[] Text(int number, int tokens) => [Config.EosTokenId, .. Enumerable.Range(1, tokens - 1).Select(i => (number * 7919 + i * 104729) % 50000)];
}
