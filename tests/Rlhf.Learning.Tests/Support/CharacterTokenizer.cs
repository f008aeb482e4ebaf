using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Support;

/// <summary>A character's id is its number, so that ids can be read; special tokens have negative ids.</summary>
sealed class CharacterTokenizer(string? template, IReadOnlyDictionary<string, int> special) : ITokenizer
{
    public int VocabularySize => char.MaxValue + 1;

    public int? BosId => null;

    public int EosId => -4;

    public int PadId => -4;

    public string? ChatTemplate => template;

    public int[] Encode(string text) => [.. text.Select(c => (int)c)];

    public int[] EncodeWithSpecial(IReadOnlyList<TextPart> parts) => [.. parts.SelectMany(part => part.Trusted ? Trusted(part.Text) : Encode(part.Text))];

    public string Decode(ReadOnlySpan<int> ids) => string.Concat(ids.ToArray().Where(id => id >= 0).Select(id => (char)id));

    public void Save(string folder) => throw new NotSupportedException("Tests do not save this tokenizer.");

    IEnumerable<int> Trusted(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var token = special.Where(s => text.AsSpan(i).StartsWith(s.Key, StringComparison.Ordinal)).OrderByDescending(s => s.Key.Length).FirstOrDefault();
            yield return token.Key is null ? text[i] : token.Value;
            i += token.Key?.Length ?? 1;
        }
    }
}
