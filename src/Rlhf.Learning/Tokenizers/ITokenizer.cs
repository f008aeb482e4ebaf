namespace Rlhf.Learning.Tokenizers;

/// <summary>A stretch of a text that is to be encoded.</summary>
/// <param name="Text">Any text, or none.</param>
/// <param name="Trusted">Whether special tokens that it spells are meant: true for a template's own words, false for what people wrote.</param>
public readonly record struct TextPart(string Text, bool Trusted);

/// <summary>Text to token ids and back. Implementations throw <see cref="ArgumentException"/> on an id outside the vocabulary.</summary>
public interface ITokenizer
{
    /// <summary>
    /// Largest id and one, special tokens included. Weights may have more rows, since some models round their number up.
    /// </summary>
    int VocabularySize { get; }

    /// <summary>Id that begins a text, or null where a text begins with its first token (Qwen).</summary>
    int? BosId { get; }

    /// <summary>Id that ends a text.</summary>
    int EosId { get; }

    /// <summary>Id that fills the right of short rows.</summary>
    int PadId { get; }

    /// <summary>
    /// The model's chat template in Jinja, as its folder holds it, or null where it has none (or several of which none is the default).
    /// </summary>
    string? ChatTemplate => null;

    /// <summary>
    /// Texts of special tokens by the names that templates use: <c>bos_token</c>, <c>eos_token</c> and so on, those that there are.
    /// </summary>
    IReadOnlyDictionary<string, string> SpecialTexts => new Dictionary<string, string>();

    /// <summary>
    /// Ids of a text; special tokens are neither added nor recognized in it, whoever wrote it. A half of a surrogate pair counts as U+FFFD.
    /// </summary>
    int[] Encode(string text);

    /// <summary>
    /// Ids of one text that comes in parts, where special tokens that trusted parts spell become their ids; nothing is put before it.
    /// Words go on from part to part; a special token must be spelled within parts that are trusted. Without special texts it is
    /// <see cref="Encode"/>.
    /// </summary>
    int[] EncodeWithSpecial(IReadOnlyList<TextPart> parts) => Encode(string.Concat(parts.Select(p => p.Text)));

    /// <summary>Text of ids; special tokens give no text.</summary>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>Writes the tokenizer's files into a folder, byte-identical for identical tokenizers.</summary>
    void Save(string folder);
}

/// <summary>What follows from a tokenizer's ids.</summary>
public static class TokenizerExtensions
{
    extension(ITokenizer tokenizer)
    {
        /// <summary>What stands before a text's own tokens: the id that begins it, or nothing.</summary>
        public int[] Begin => tokenizer.BosId is { } id ? [id] : [];

        /// <summary>
        /// Ids of a text that is trusted as a whole: special tokens that it spells become their ids. Never for what people wrote.
        /// </summary>
        public int[] EncodeWithSpecial(string text) => tokenizer.EncodeWithSpecial([new TextPart(text, Trusted: true)]);
    }
}
