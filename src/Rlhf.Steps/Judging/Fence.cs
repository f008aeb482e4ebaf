using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rlhf.Steps.Judging;

/// <summary>
/// Marks where texts of others begin and end. Every mark holds a tag that none of the texts has in it, so no text can close its own mark or open
/// another; the tag follows from the texts, so that the same question is written the same every time.
/// </summary>
public sealed class Fence
{
    const int TagLength = 16;

    readonly string _tag;

    Fence(string tag) => _tag = tag;

    /// <summary>In no text.</summary>
    public string Tag => _tag;

    /// <summary>For these texts, all that will stand in it.</summary>
    public static Fence Around(IReadOnlyCollection<string> texts)
    {
        var all = string.Join('\u001f', texts);
        return Around(texts, n => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{n}\u001f{all}"))))[..TagLength]);
    }

    /// <summary>The first candidate that no text holds, in upper or lower case.</summary>
    internal static Fence Around(IReadOnlyCollection<string> texts, Func<int, string> candidate)
    {
        for (var n = 0; ; n++)
        {
            var tag = candidate(n);
            if (!texts.Any(t => t.Contains(tag, StringComparison.OrdinalIgnoreCase))) return new(tag);
        }
    }

    /// <summary>A text between its two marks.</summary>
    public string Enclose(string name, string text) => $"<<<BEGIN {name} {_tag}>>>\n{text}\n<<<END {name} {_tag}>>>";
}
