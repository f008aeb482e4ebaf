using System.Globalization;

namespace Rlhf.Runtime.Library;

/// <summary>Which of a definition's versions are meant, by Elsa's words.</summary>
public enum VersionKind
{
    /// <summary>The newest, whatever its state.</summary>
    Latest,

    /// <summary>The one that is published.</summary>
    Published,

    /// <summary>The newest or the published one: of a single definition the published one where there is one.</summary>
    LatestOrPublished,

    /// <summary>The newest, where it is the published one.</summary>
    LatestAndPublished,

    /// <summary>The newest, where it is not published.</summary>
    Draft,

    AllVersions,

    /// <summary>The one with <see cref="VersionOptions.Number"/>.</summary>
    Number,
}

/// <summary>A choice among the versions of a definition.</summary>
/// <param name="Number">Where the kind is a number; otherwise 0.</param>
public readonly record struct VersionOptions(VersionKind Kind, int Number = 0)
{
    public static readonly VersionOptions Latest = new(VersionKind.Latest), Published = new(VersionKind.Published), AllVersions = new(VersionKind.AllVersions);

    public static VersionOptions Of(int version) => new(VersionKind.Number, version);

    /// <summary>Elsa's words without regard to case, or a version's number; null for anything else.</summary>
    public static VersionOptions? TryParse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number > 0 ? Of(number) : null;
        return Enum.TryParse<VersionKind>(text, ignoreCase: true, out var kind) && kind != VersionKind.Number && text.All(char.IsAsciiLetter) ? new(kind) : null;
    }

    public override string ToString() => Kind == VersionKind.Number ? Number.ToString(CultureInfo.InvariantCulture) : Kind.ToString();
}
