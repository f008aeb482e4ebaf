using System.Text;
using Microsoft.ML.Tokenizers;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// Byte-level BPE, as GPT-2, Llama 3, Qwen and SmolLM use it: any text comes back (in composed form where the model asks for that).
/// </summary>
public sealed class ByteLevelBpeTokenizer : HubTokenizer
{
    // The library's time for a word grows with the square of its length: minutes for a line of a million dashes.
    const int LongWord = 256;

    readonly BpeTokenizer _bpe;
    readonly Lazy<RankedMerges> _merges;
    readonly int[] _byteIds;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _whole;
    readonly byte[][] _bytes;

    internal ByteLevelBpeTokenizer(BpeFiles files) : this(files.ToParts())
    {
    }

    internal ByteLevelBpeTokenizer(TokenizerParts parts) : base(parts)
    {
        var ids = parts.Model.Ids;
        _byteIds = [.. ByteAlphabet.All.ToArray().Select(c => ids.TryGetValue(c.ToString(), out var id) && !parts.Controls.Contains(id)
            ? id
            : throw new InvalidDataException($"the vocabulary lacks '{c}', which stands for a byte"))];
        _merges = new(() => new(parts));
        _bpe = BpeTokenizer.Create(new BpeOptions(ids) { Merges = parts.PlainMerges.Select(m => $"{m.Left} {m.Right}"), ByteLevel = true });
        if (parts.Model.IgnoreMerges)
            _whole = ids.Where(p => !parts.Controls.Contains(p.Value)).ToDictionary().GetAlternateLookup<ReadOnlySpan<char>>();
        _bytes = new byte[parts.IdCount][];
        Array.Fill(_bytes, []);
        foreach (var (piece, id) in ids)
            _bytes[id] = ByteAlphabet.ToBytes(piece) ?? Encoding.UTF8.GetBytes(piece);
        foreach (var token in parts.Added)
            _bytes[token.Id] = token.Special ? [] : Encoding.UTF8.GetBytes(token.Text);
    }

    /// <summary>
    /// Reads <c>vocab.json</c> and <c>merges.txt</c> with <c>tokenizer_config.json</c>, which names the special tokens; where it does not,
    /// <c>generation_config.json</c> or <c>config.json</c> must give their ids.
    /// </summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or the files do not fit each other.</exception>
    public static ByteLevelBpeTokenizer Load(string folder) => BpeFiles.Load(folder);

    /// <inheritdoc/>
    public override string Decode(ReadOnlySpan<int> ids)
    {
        using var bytes = new MemoryStream();
        foreach (var id in ids)
            bytes.Write(id >= 0 && id < _bytes.Length
                ? _bytes[id]
                : throw new ArgumentException($"Token id {id} is outside of a vocabulary of {_bytes.Length}."));
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private protected override void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_whole is { } whole && whole.TryGetValue(ByteAlphabet.FromText(word), out var id))
            ids.Add(id);
        else if (word.Length > LongWord)
            ids.AddRange(_merges.Value.Run(Bytes(word)));
        else
            ids.AddRange(_bpe.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    }

    int[] Bytes(ReadOnlySpan<char> word)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return Array.ConvertAll(bytes, b => _byteIds[b]);
    }
}
