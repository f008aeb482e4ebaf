using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>A JSON text, and where in it each value stands.</summary>
internal sealed class SourceText
{
    readonly byte[] _utf8;

    SourceText(byte[] utf8) => _utf8 = utf8;

    /// <summary>A value: its bytes from the start up to the end, and what is in it.</summary>
    public sealed record Place(int Start, int End, bool IsExpanded)
    {
        public IReadOnlyDictionary<string, Place> Members { get; init; } = new Dictionary<string, Place>();

        public IReadOnlyList<Place> Items { get; init; } = [];
    }

    public required Place Root { get; init; }

    public required JsonNode Value { get; init; }

    /// <summary>What a level is indented by.</summary>
    public required string Indent { get; init; }

    public required string NewLine { get; init; }

    /// <summary>What stands after the last brace.</summary>
    public string Tail => Text(Root.End, _utf8.Length);

    /// <exception cref="JsonException">It is no JSON.</exception>
    public static SourceText Read(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(utf8);
        reader.Read();
        var root = ReadPlace(ref reader, utf8);
        var firstLine = text.IndexOf('\n');
        return new(utf8)
        {
            Root = root,
            Value = JsonNode.Parse(text) ?? throw new JsonException("The text is null."),
            Indent = firstLine < 0 || !root.IsExpanded ? "  " : new([.. text.Skip(firstLine + 1).TakeWhile(c => c is ' ' or '\t')]),
            NewLine = firstLine > 0 && text[firstLine - 1] == '\r' ? "\r\n" : "\n",
        };
    }

    public string TextOf(Place place) => Text(place.Start, place.End);

    string Text(int start, int end) => Encoding.UTF8.GetString(_utf8, start, end - start);

    static Place ReadPlace(ref Utf8JsonReader reader, byte[] utf8)
    {
        var (start, type) = ((int)reader.TokenStartIndex, reader.TokenType);
        var (members, items) = (new Dictionary<string, Place>(), new List<Place>());
        if (type is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                if (type == JsonTokenType.StartArray)
                {
                    items.Add(ReadPlace(ref reader, utf8));
                    continue;
                }
                var name = reader.GetString()!;
                reader.Read();
                members[name] = ReadPlace(ref reader, utf8);
            }
        }
        var end = (int)reader.BytesConsumed;
        var isExpanded = start + 1 < end && utf8.AsSpan(start + 1, end - start - 1) is var inside && Breaks(inside);
        return new(start, end, isExpanded) { Members = members, Items = items };
    }

    // A line break before the first value in it.
    static bool Breaks(ReadOnlySpan<byte> inside)
    {
        foreach (var b in inside)
        {
            if (b == (byte)'\n') return true;
            if (b is not ((byte)' ' or (byte)'\t' or (byte)'\r')) return false;
        }
        return false;
    }
}
