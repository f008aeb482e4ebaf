using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Rlhf.Learning.Tokenizers;

/// <summary>GPT-2's byte-level BPE: any text round-trips, and no text gives a special token.</summary>
public sealed partial class ByteLevelBpeTokenizer : ITokenizer
{
    internal const string VocabularyFile = "vocab.json";

    readonly BpeFiles _files;
    readonly BpeTokenizer _bpe;
    readonly byte[][] _bytes;

    internal ByteLevelBpeTokenizer(BpeFiles files)
    {
        _files = files;
        (BosId, EosId, PadId) = (files.Ids[files.Special.Bos], files.Ids[files.Special.Eos], files.Ids[files.Special.Pad]);
        _bpe = BpeTokenizer.Create(new BpeOptions(files.Ids)
        {
            Merges = files.Merges,
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(Words(), null),
        });
        _bytes = new byte[files.Ids.Count][];
        foreach (var (piece, id) in files.Ids)
            _bytes[id] = id == BosId || id == EosId || id == PadId ? [] : ByteAlphabet.ToBytes(piece) ?? [];
    }

    /// <inheritdoc/>
    public int VocabularySize => _bytes.Length;

    /// <inheritdoc/>
    public int? BosId { get; }

    /// <inheritdoc/>
    public int EosId { get; }

    /// <inheritdoc/>
    public int PadId { get; }

    /// <summary>Reads <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>, which names the special tokens.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or the files do not fit each other.</exception>
    public static ByteLevelBpeTokenizer Load(string folder) => new(BpeFiles.Read(folder));

    /// <inheritdoc/>
    public int[] Encode(string text) => text.Length == 0 ? [] : [.. _bpe.EncodeToIds(text)];

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids)
    {
        using var bytes = new MemoryStream();
        foreach (var id in ids)
            bytes.Write(id >= 0 && id < _bytes.Length
                ? _bytes[id]
                : throw new ArgumentException($"Token id {id} is outside of a vocabulary of {_bytes.Length}."));
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <inheritdoc/>
    public void Save(string folder) => _files.Write(folder);

    /// <summary>GPT-2's words: a piece never crosses their borders.</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    internal static partial Regex Words();
}
