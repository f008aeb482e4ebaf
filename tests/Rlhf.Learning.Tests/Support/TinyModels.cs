using Rlhf.Learning.Models;

namespace Rlhf.Learning.Tests.Support;

static class TinyModels
{
    /// <summary>A decoder small enough for a unit test: 32 tokens, 2 layers of width 16.</summary>
    public static DecoderConfig Config { get; } = new()
    {
        VocabSize = 32,
        HiddenSize = 16,
        IntermediateSize = 32,
        NumHiddenLayers = 2,
        NumAttentionHeads = 2,
        NumKeyValueHeads = 1,
        MaxPositionEmbeddings = 32,
        TieWordEmbeddings = true,
        BosTokenId = 1,
        EosTokenId = 2,
        PadTokenId = 0,
    };
}
