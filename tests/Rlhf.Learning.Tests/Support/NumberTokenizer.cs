using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Support;

/// <summary>The 32 tokens of the tiny models: 0 pads, 1 begins, 2 ends, the rest are letters.</summary>
sealed class NumberTokenizer : ITokenizer
{
    public int VocabularySize => 32;

    public int? BosId => 1;

    public int EosId => 2;

    public int PadId => 0;

    public int[] Encode(string text) => [.. text.Select(c => 3 + c % 29)];

    public string Decode(ReadOnlySpan<int> ids) => string.Concat(ids.ToArray().Select(i => (char)('a' + i)));

    public void Save(string folder) => throw new NotSupportedException("Tests do not save this tokenizer.");
}
