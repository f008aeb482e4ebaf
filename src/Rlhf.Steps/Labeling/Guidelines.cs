using System.Security.Cryptography;
using System.Text;

namespace Rlhf.Steps.Labeling;

/// <summary>Guidelines of an axis; the version is the beginning of their hash.</summary>
public sealed record GuidelinesVersion(string Axis, string Version, string Content)
{
    const int VersionLength = 12;

    /// <summary>The version of a text whose lines end in <c>\n</c>.</summary>
    public static string Of(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..VersionLength];
}

/// <summary>The guidelines of each axis, <c>AXIS.md</c>, as they stand in their file now; the first folder that has one counts.</summary>
public sealed class GuidelinesFiles(IReadOnlyList<string> folders)
{
    /// <summary>Null for an axis without guidelines.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public GuidelinesVersion? Find(string axis)
    {
        // An axis is any text; a file's name is not.
        if (axis.Length == 0 || !axis.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) return null;
        if (folders.Select(f => Path.Combine(f, $"{axis}.md")).FirstOrDefault(File.Exists) is not { } file) return null;
        var content = File.ReadAllText(file).ReplaceLineEndings("\n");
        return new(axis, GuidelinesVersion.Of(content), content);
    }

    /// <summary>The axes that have guidelines, in ordinal order.</summary>
    public IReadOnlyList<string> Axes() =>
        [.. folders.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.md")).Select(f => Path.GetFileNameWithoutExtension(f)!).Distinct().Order(StringComparer.Ordinal)];
}
