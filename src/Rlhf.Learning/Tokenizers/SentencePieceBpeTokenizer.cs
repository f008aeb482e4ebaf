using System.Globalization;
using System.Text;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// SentencePiece's BPE in the Hub's form, as Llama 2, Mistral and TinyLlama use it: spaces as <c>▁</c>, which a text's own <c>▁</c> becomes
/// too, and bytes for unknown characters.
/// </summary>
public sealed class SentencePieceBpeTokenizer : HubTokenizer
{
    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;
    readonly RankedMerges _merges;
    readonly int[] _byteIds;
    readonly Dictionary<int, byte> _bytes;
    readonly string?[] _texts;
    readonly bool _dropsFirstSpace;

    internal SentencePieceBpeTokenizer(TokenizerParts parts) : base(parts)
    {
        var plain = parts.Model.Ids.Where(p => !parts.Controls.Contains(p.Value)).ToDictionary();
        _ids = plain.GetAlternateLookup<ReadOnlySpan<char>>();
        _merges = new(parts);
        _byteIds = [.. Enumerable.Range(0, 256).Select(b => plain.TryGetValue(ByteName(b), out var id)
            ? id
            : throw new InvalidDataException($"the vocabulary lacks '{ByteName(b)}', which stands for a byte"))];
        _bytes = _byteIds.Index().ToDictionary(b => b.Item, b => (byte)b.Index);
        _texts = new string?[parts.IdCount];
        foreach (var (piece, id) in parts.Model.Ids)
            _texts[id] = piece.Replace('▁', ' ');
        foreach (var token in parts.Added)
            _texts[token.Id] = token.Special ? null : token.Text.Replace('▁', ' ');
        _dropsFirstSpace = parts.Rules.DropsFirstSpace;
    }

    /// <summary>
    /// Text of ids; the space that the encoding puts before a text is dropped after the beginning of a text only, so that completions join
    /// on. Bytes that are no UTF-8 give U+FFFD each.
    /// </summary>
    public override string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder();
        List<byte> bytes = [];
        var start = -1;
        foreach (var id in ids)
        {
            if (id < 0 || id >= _texts.Length)
                throw new ArgumentException($"Token id {id} is outside of a vocabulary of {_texts.Length}.");
            if (_bytes.TryGetValue(id, out var value))
                bytes.Add(value);
            else if (_texts[id] is { } piece)
                Append(piece);
            else if (id == BosId && _dropsFirstSpace)
            {
                Append("");
                start = text.Length;
            }
        }
        Append("");
        return text.ToString();

        void Append(string piece)
        {
            text.Append(Text(bytes)).Append(piece);
            bytes.Clear();
            if (start >= 0 && start < text.Length)
            {
                if (text[start] == ' ')
                    text.Remove(start, 1);
                start = -1;
            }
        }
    }

    internal static string ByteName(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    private protected override void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        List<int> characters = new(word.Length);
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0, length; i < word.Length; i += length)
        {
            length = char.IsHighSurrogate(word[i]) ? 2 : 1;
            if (_ids.TryGetValue(word.Slice(i, length), out var id))
                characters.Add(id);
            else
                foreach (var value in bytes[..Encoding.UTF8.GetBytes(word.Slice(i, length), bytes)])
                    characters.Add(_byteIds[value]);
        }
        ids.AddRange(_merges.Run([.. characters]));
    }

    static string Text(List<byte> bytes)
    {
        if (bytes.Count == 0)
            return "";
        try
        {
            return Strict.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return new('\uFFFD', bytes.Count);
        }
    }
}
