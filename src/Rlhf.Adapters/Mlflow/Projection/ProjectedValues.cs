using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>Keys and values as MLflow takes them: what does not fit is changed here, visibly and always in the same way, never by the server.</summary>
static partial class ProjectedValues
{
    /// <summary>The key itself, or one of allowed characters with eight digits of the hash of what it stands for.</summary>
    public static string Key(string key)
    {
        if (key.Length <= FieldRules.LongestKey && Allowed().IsMatch(key)) return key;
        var plain = Forbidden().Replace(key, "_").Trim('/', '.', ' ');
        return $"{plain[..Math.Min(plain.Length, FieldRules.LongestKey - 9)]}-{Hash(key)[..8]}";
    }

    /// <summary>Without secrets, and cut with its length and hash where it is too long.</summary>
    public static string Value(string name, string value, int longest)
    {
        // A lone surrogate or a zero character, which JSON may hold and MLflow refuses, becomes the replacement character.
        value = Secrets.Clean(name, string.Concat(value.EnumerateRunes().Select(r => r.Value == 0 ? Rune.ReplacementChar : r)));
        if (value.Length <= longest) return value;
        var end = $"… ({value.Length} characters, sha256 {Hash(value)})";
        var length = longest - end.Length;
        return value[..(char.IsHighSurrogate(value[length - 1]) ? length - 1 : length)] + end;
    }

    /// <summary>The scalars below a node by their path with dots; nulls are left out.</summary>
    public static IEnumerable<(string Name, string Value)> Flatten(JsonNode? node, string path = "") => node switch
    {
        null => [],
        JsonObject o => o.SelectMany(member => Flatten(member.Value, path.Length == 0 ? member.Key : $"{path}.{member.Key}")),
        JsonArray a => a.SelectMany((item, i) => Flatten(item, $"{path}.{i}")),
        _ => [(path, node.ToString())],
    };

    public static bool IsArtifact(string value) => Reference().IsMatch(value);

    public static ArtifactRef? Artifact(JsonNode? node) => node?.ToString() is { } text && IsArtifact(text) ? ArtifactRef.Parse(text) : null;

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // A path as a server's file system would write it: no empty, "." or ".." part.
    [GeneratedRegex(@"^(?!/)(?!.*//)(?!.*/\z)(?!(?:.*/)?\.{1,2}(?:/|\z))[A-Za-z0-9_./\-: ]+\z")]
    private static partial Regex Allowed();

    [GeneratedRegex(@"[^A-Za-z0-9_.\-: /]|(?<=^|/)\.+(?=/|\z)|/(?=/)")]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"^[a-z][a-z0-9-]*/[0-9a-f]{64}\z")]
    private static partial Regex Reference();
}
