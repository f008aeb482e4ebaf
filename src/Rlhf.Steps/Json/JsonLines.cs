using System.Text.Json;

namespace Rlhf.Steps.Json;

/// <summary>One canonical JSON document per line: the form of every list in an artifact.</summary>
public static class JsonLines
{
    public static byte[] Serialize<T>(IEnumerable<T> items)
    {
        using var buffer = new MemoryStream();
        foreach (var item in items)
        {
            buffer.Write(CanonicalJson.Serialize(item));
            buffer.WriteByte((byte)'\n');
        }
        return buffer.ToArray();
    }

    /// <exception cref="InvalidDataException">A line is no JSON or does not fit the record; names <paramref name="what"/> and the line.</exception>
    public static List<T> Deserialize<T>(ReadOnlySpan<byte> utf8, string what)
    {
        var items = new List<T>();
        for (var line = 1; !utf8.IsEmpty; line++)
        {
            var end = utf8.IndexOf((byte)'\n');
            var text = end < 0 ? utf8 : utf8[..end];
            if (!text.Trim(" \r\t"u8).IsEmpty) items.Add(CanonicalJson.Deserialize<T>(text, $"{what}, line {line},"));
            utf8 = end < 0 ? [] : utf8[(end + 1)..];
        }
        return items;
    }
}
