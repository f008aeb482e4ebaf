using Rlhf.Learning.Models;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Support;

/// <summary>As many tokens as a model has, without files: for tests of what lies beside them.</summary>
sealed class StandInTokenizer(DecoderConfig config) : ITokenizer
{
    public int VocabularySize => config.VocabSize;

    public int? BosId => config.BosTokenId;

    public int EosId => config.EosTokenId;

    public int PadId => config.PadTokenId ?? config.EosTokenId;

    public int[] Encode(string text) => [.. text.Select(c => c % config.VocabSize)];

    public string Decode(ReadOnlySpan<int> ids) => string.Concat(ids.ToArray().Select(i => (char)i));

    public void Save(string folder)
    {
    }
}
