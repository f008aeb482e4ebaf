using System.Buffers.Binary;
using System.Text;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// llama2.c's tokenizer: a SentencePiece BPE that merges by best score, with a space put before each text and bytes for unknown characters.
/// </summary>
public sealed class Llama2cTokenizer : ITokenizer
{
    /// <summary>Name of the file in a saved folder.</summary>
    public const string FileName = "tokenizer.bin";

    const int FirstByteId = 3;
    const int Bos = 1;
    const int FirstPieceId = FirstByteId + 256;

    readonly byte[] _file;
    readonly List<(byte[] Bytes, float Score)> _pieces = [];
    readonly Dictionary<string, int> _ids = [];

    Llama2cTokenizer(byte[] file, string path)
    {
        _file = file;
        for (var position = sizeof(int); position < file.Length;)
        {
            var length = file.Length - position >= 8 ? BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(position + 4)) : -1;
            if (length < 0 || length > file.Length - position - 8)
                throw new InvalidDataException(
                    $"The tokenizer '{path}' is truncated: token {_pieces.Count} does not fit into its {file.Length} bytes.");
            _pieces.Add((file[(position + 8)..(position + 8 + length)], BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(position))));
            position += 8 + length;
        }
        if (_pieces.Count <= FirstPieceId || !ByteTokensStand())
            throw new InvalidDataException(
                $"The tokenizer '{path}' has {_pieces.Count} tokens, but the 3 special ones, 256 bytes and at least one piece were expected.");
        // Special tokens and bytes are left out: no text spells them.
        for (var id = FirstPieceId; id < _pieces.Count; id++)
            _ids.TryAdd(Key(_pieces[id].Bytes), id);
    }

    /// <inheritdoc/>
    public int VocabularySize => _pieces.Count;

    /// <inheritdoc/>
    public int? BosId => Bos;

    /// <summary>
    /// The beginning of sequence again: llama2.c trains on texts that only it separates, so it also ends the text before; its models never
    /// give id 2.
    /// </summary>
    public int EosId => Bos;

    /// <summary>The unknown token, 0, which no text gives.</summary>
    public int PadId => 0;

    /// <summary>Reads a <c>tok*.bin</c>.</summary>
    /// <exception cref="InvalidDataException">The file is truncated or holds no such tokenizer.</exception>
    public static Llama2cTokenizer Load(string path) => new(File.ReadAllBytes(path), path);

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        if (text.Length == 0)
            return [];
        int[] characters = [.. (" " + text).EnumerateRunes().SelectMany(Character)];
        return new BestScoreMerge(characters, Merge).Run();
    }

    /// <summary>
    /// Text of ids; the space that the encoding puts before a text is dropped after a beginning of sequence only, so that completions join
    /// on.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        using var bytes = new MemoryStream();
        var previous = -1;
        foreach (var id in ids)
        {
            if (id < 0 || id >= VocabularySize)
                throw new ArgumentException($"Token id {id} is outside of a vocabulary of {VocabularySize}.");
            if (id >= FirstPieceId)
                bytes.Write(_pieces[id].Bytes.AsSpan(previous == BosId && _pieces[id].Bytes is [(byte)' ', ..] ? 1 : 0));
            else if (id >= FirstByteId)
                bytes.WriteByte((byte)(id - FirstByteId));
            previous = id;
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>Writes the file that was read, unchanged.</summary>
    public void Save(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), _file);

    /// <summary>
    /// The same tokenizer in the Hub's form, which other tools read: the same ids for every text without <c>▁</c> (which stands for the space
    /// there), the same text for ids.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// Two pieces are the same text or have the same score, or one is no UTF-8: the Hub's form holds none of these.
    /// </exception>
    public SentencePieceBpeTokenizer ToHuggingFace() =>
        (SentencePieceBpeTokenizer)TokenizerJson.Read(Llama2cToHuggingFace.Files(_pieces, FirstPieceId));

    IEnumerable<int> Character(Rune rune)
    {
        var bytes = new byte[rune.Utf8SequenceLength];
        rune.EncodeToUtf8(bytes);
        return _ids.TryGetValue(Key(bytes), out var id) ? [id] : bytes.Select(b => FirstByteId + b);
    }

    /// <summary>The piece that two neighbors give together, with its score, or null where there is none.</summary>
    (int Id, double Score)? Merge(int left, int right) =>
        left >= FirstPieceId && right >= FirstPieceId && _ids.TryGetValue(Key(_pieces[left].Bytes) + Key(_pieces[right].Bytes), out var id)
            ? (id, _pieces[id].Score)
            : null;

    bool ByteTokensStand() =>
        Enumerable.Range(0, 256).All(b => Encoding.ASCII.GetString(_pieces[FirstByteId + b].Bytes) == $"<0x{b:X2}>");

    // Pieces may be broken UTF-8, so bytes stand as characters of the same number.
    static string Key(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
