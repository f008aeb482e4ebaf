namespace Rlhf.Learning.Tokenizers;

/// <summary>Text to token ids and back. Implementations throw <see cref="ArgumentException"/> on an id outside the vocabulary.</summary>
public interface ITokenizer
{
    /// <summary>Number of ids, special tokens included.</summary>
    int VocabularySize { get; }

    /// <summary>Id that begins a text, or null where a text begins with its first token (Qwen).</summary>
    int? BosId { get; }

    /// <summary>Id that ends a text.</summary>
    int EosId { get; }

    /// <summary>Id that fills the right of short rows.</summary>
    int PadId { get; }

    /// <summary>Ids of a text; special tokens are neither added nor recognized in it.</summary>
    int[] Encode(string text);

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
    }
}
