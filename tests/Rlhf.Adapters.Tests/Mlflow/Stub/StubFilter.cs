using System.Text.RegularExpressions;

namespace Rlhf.Tests.Support;

/// <summary>MLflow's filters and orders as far as terms of = and != on texts joined by AND go; anything else is an error answer that says so.</summary>
static partial class StubFilter
{
    /// <param name="items">What is searched.</param>
    /// <param name="filter">Null or empty: everything passes.</param>
    /// <param name="field">The text of a field such as <c>tags.team</c> or <c>name</c>, null where an item has none.</param>
    public static List<T> Apply<T>(IEnumerable<T> items, string? filter, Func<T, string, string?> field)
    {
        if (string.IsNullOrWhiteSpace(filter)) return [.. items];
        var terms = And().Split(filter).Select(term => Term().Match(term) is { Success: true } match
            ? match : throw StubError.Invalid($"Invalid clause(s) in filter string: '{term}'")).ToList();
        return [.. items.Where(item => terms.All(term =>
            (field(item, Field(term.Groups["field"].Value)) == term.Groups["value"].Value[1..^1]) == (term.Groups["sign"].Value == "=")))];
    }

    /// <summary>The items in the order of the first of these, or as they are where there is none.</summary>
    public static List<T> Order<T>(List<T> items, IReadOnlyList<string> orders, Func<T, string, IComparable?> key)
    {
        if (orders.Count == 0) return items;
        var words = orders[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not ([_] or [_, "ASC" or "DESC"])) throw StubError.Invalid($"Invalid order_by clause '{orders[0]}'.");
        var name = Field(words[0]);
        return words is [_, "DESC"] ? [.. items.OrderByDescending(i => key(i, name))] : [.. items.OrderBy(i => key(i, name))];
    }

    // tag.x, tags.`x` and tags."x" are one; so are attributes.x and x.
    static string Field(string text)
    {
        text = text.Replace("`", "").Replace("\"", "");
        foreach (var (prefix, plain) in (ReadOnlySpan<(string, string)>)[("tag.", "tags."), ("attributes.", ""), ("attribute.", "")])
            if (text.StartsWith(prefix, StringComparison.Ordinal)) return plain + text[prefix.Length..];
        return text;
    }

    [GeneratedRegex(@"\s+AND\s+(?=(?:[^'""]|'[^']*'|""[^""]*"")*$)", RegexOptions.IgnoreCase)]
    private static partial Regex And();

    [GeneratedRegex(@"^\s*(?<field>[\w./-]+(?:`[^`]*`|""[^""]*"")?)\s*(?<sign>=|!=)\s*(?<value>'[^']*'|""[^""]*"")\s*$")]
    private static partial Regex Term();
}
