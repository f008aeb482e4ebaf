using System.Text;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// GPT-2's alphabet (Radford et al. 2019): each byte as a visible character, so that any text is a string of known symbols.
/// </summary>
static class ByteAlphabet
{
    static readonly char[] Characters = [.. Make()];
    static readonly Dictionary<char, byte> Bytes = Characters.Index().ToDictionary(c => c.Item, c => (byte)c.Index);

    /// <summary>The characters in the order of the bytes that they stand for.</summary>
    internal static ReadOnlySpan<char> All => Characters;

    internal static string FromText(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(bytes.Length, bytes, static (characters, all) =>
        {
            for (var i = 0; i < all.Length; i++)
                characters[i] = Characters[all[i]];
        });
    }

    /// <summary>The bytes that a piece stands for, or null where it holds another character.</summary>
    internal static byte[]? ToBytes(string piece) => piece.All(Bytes.ContainsKey) ? [.. piece.Select(c => Bytes[c])] : null;

    // Printable Latin-1 characters stand for themselves, the others in their order for those from U+0100.
    static IEnumerable<char> Make()
    {
        var next = 'Ā';
        for (var b = 0; b < 256; b++)
            yield return b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : next++;
    }
}
