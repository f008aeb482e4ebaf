namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// A tokenizer as the Hub's files describe it. No text gives an added token, special or not, other than runs of white space; only
/// <see cref="EncodeWithSpecial"/> recognizes them. Decoded, special ones give no text and other added ones their own.
/// Spaces before punctuation stay, whatever <c>clean_up_tokenization_spaces</c> says: ids stand for the text that gave them.
/// </summary>
public abstract class HubTokenizer : ITokenizer
{
    readonly TokenizerParts _parts;
    readonly AddedTokenSplitter _splitter;

    private protected HubTokenizer(TokenizerParts parts) => (_parts, _splitter) = (parts, new(parts.Added));

    /// <inheritdoc/>
    public int VocabularySize => _parts.IdCount;

    /// <inheritdoc/>
    public int? BosId => _parts.Roles.Bos;

    /// <inheritdoc/>
    public int EosId => _parts.Roles.Eos;

    /// <inheritdoc/>
    public int PadId => _parts.Roles.Pad;

    /// <inheritdoc/>
    public string? ChatTemplate => _parts.Roles.Template;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> SpecialTexts => _parts.Roles.Texts;

    /// <inheritdoc/>
    public int[] Encode(string text) => EncodeWithSpecial([new TextPart(text, Trusted: false)]);

    /// <inheritdoc/>
    public int[] EncodeWithSpecial(IReadOnlyList<TextPart> parts)
    {
        var text = CodePoints.WellFormed(parts is [var only] ? only.Text : string.Concat(parts.Select(p => p.Text)));
        List<int> ids = [];
        foreach (var stretch in _splitter.Split(text, Ends(parts)))
            if (stretch.Token is { } token)
                ids.Add(token.Id);
            else if (stretch.End > stretch.Start)
                EncodeStretch(text[stretch.Start..stretch.End], first: stretch.Start == 0, ids);
        return [.. ids];
    }

    /// <inheritdoc/>
    public abstract string Decode(ReadOnlySpan<int> ids);

    /// <summary>Writes the files that were read, unchanged.</summary>
    public void Save(string folder) => _parts.Files.Write(folder);

    private protected abstract void EncodeWord(ReadOnlySpan<char> word, List<int> ids);

    void EncodeStretch(string text, bool first, List<int> ids)
    {
        foreach (var rewrite in _parts.Rules.Rewrites)
            text = rewrite(text, first);
        foreach (var (start, length) in _parts.Rules.Words.Words(text))
            EncodeWord(text.AsSpan(start, length), ids);
    }

    // Neighbors of one kind are one part: a special token may be spelled across them.
    static List<(int End, bool Trusted)> Ends(IReadOnlyList<TextPart> parts)
    {
        List<(int End, bool Trusted)> ends = [];
        foreach (var part in parts)
        {
            var end = part.Text.Length + (ends is [.., var (last, _)] ? last : 0);
            if (ends is [.., var (_, trusted)] && trusted == part.Trusted)
                ends[^1] = (end, trusted);
            else
                ends.Add((end, part.Trusted));
        }
        return ends;
    }
}
