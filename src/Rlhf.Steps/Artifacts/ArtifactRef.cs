using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Rlhf.Steps.Artifacts;

/// <summary>Names one artifact for ever: <c>kind/sha256</c>, the hash of its content manifest.</summary>
[JsonConverter(typeof(ArtifactRefJsonConverter))]
public sealed partial record ArtifactRef(string Kind, string Sha256)
{
    public override string ToString() => $"{Kind}/{Sha256}";

    /// <summary>Kind and the first eight digits, for people.</summary>
    public string Short => $"{Kind}/{Sha256[..8]}";

    /// <exception cref="ArgumentException">The text is not of the form <c>kind/64 hexadecimal digits</c>.</exception>
    public static ArtifactRef Parse(string text)
    {
        if (!Form().IsMatch(text))
            throw new ArgumentException($"'{text}' is not an artifact reference; expected a kind, a slash and 64 hexadecimal digits, such as policy/0f3a….");
        var slash = text.IndexOf('/');
        return new(text[..slash], text[(slash + 1)..]);
    }

    /// <summary>The kind, checked.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static string CheckKind(string kind) => KindForm().IsMatch(kind)
        ? kind
        : throw new ArgumentException($"'{kind}' is no kind of artifact; expected a lowercase letter, then letters, digits and dashes, such as policy.");

    [GeneratedRegex(@"^[a-z][a-z0-9-]*\z")]
    private static partial Regex KindForm();

    [GeneratedRegex(@"^[a-z][a-z0-9-]*/[0-9a-f]{64}\z")]
    private static partial Regex Form();
}

sealed class ArtifactRefJsonConverter : JsonConverter<ArtifactRef>
{
    public override ArtifactRef? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.GetString();
        try
        {
            return string.IsNullOrEmpty(text) ? null : ArtifactRef.Parse(text);
        }
        catch (ArgumentException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, ArtifactRef value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
