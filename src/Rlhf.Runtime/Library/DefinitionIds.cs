using System.Text.RegularExpressions;

namespace Rlhf.Runtime.Library;

/// <summary>Ids of definitions, which are names of files and parts of addresses too.</summary>
public static partial class DefinitionIds
{
    const int Longest = 100;

    public static bool IsValid(string id) => Id().IsMatch(id);

    /// <exception cref="ArgumentException">It is no id.</exception>
    public static string Check(string id) => IsValid(id) ? id
        : throw new ArgumentException($"'{(id.Length > Longest ? id[..Longest] + "…" : id)}' is no id of a definition; expected up to {Longest} letters, digits, '-', '_' and '.', a letter or digit first.");

    /// <summary>An id that looks like the name.</summary>
    internal static string Of(string name)
    {
        var words = NoWord().Replace(name.ToLowerInvariant(), "-").Trim('-');
        return words.Length == 0 ? "workflow" : words.Length <= 60 ? words : words[..60].TrimEnd('-');
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Id();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoWord();
}
