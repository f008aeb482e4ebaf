using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Tokenizers;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Support;

/// <summary>Small things that tests need.</summary>
static class Some
{
    internal static readonly Device Device = TorchDevice.FromEnvironment();

    internal const string Text = "The cat sat on the mat. The dog saw the cat and ran. Then the cat sat on the dog, and the dog ran to the mat.";

    internal static DecoderConfig Config(int keyValueHeads = 2, bool tied = true, int vocabulary = 270) => new()
    {
        HiddenSize = 32,
        IntermediateSize = 48,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = keyValueHeads,
        VocabSize = vocabulary,
        MaxPositionEmbeddings = 24,
        TieWordEmbeddings = tied,
        PadTokenId = 0,
    };

    internal static DecoderModel Model(DecoderConfig? config = null, ulong seed = 1) => DecoderModel.Initialize(config ?? Config(), seed, Device);

    internal static ByteLevelBpeTokenizer Tokenizer() => BpeTrainer.Train([Text], 270);

    /// <summary>Ids [batch, time] that follow from their place alone.</summary>
    internal static Tensor Tokens(int batch, int time, int vocabulary = 270) =>
        arange((long)batch * time, device: Device).mul(7919).remainder(vocabulary).view(batch, time);

    internal static float[] Values(Tensor tensor)
    {
        using var values = tensor.detach().cpu().contiguous();
        return values.data<float>().ToArray();
    }
}
