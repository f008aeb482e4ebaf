namespace Rlhf.Adapters.Mlflow;

/// <summary>Terms of a search. A filter knows only AND, and no way to write a quote of the kind that surrounds a text.</summary>
public static class MlflowFilter
{
    /// <summary>What has the tag with exactly this value.</summary>
    /// <exception cref="ArgumentException">The value holds both kinds of quotes, or the key a backtick.</exception>
    public static string Tag(MlflowTag tag) => $"tags.`{FieldRules.Key("tag", tag.Key)}` = {Quote(tag.Value)}";

    /// <summary>What has exactly this name.</summary>
    /// <exception cref="ArgumentException">The name holds both kinds of quotes.</exception>
    public static string Name(string name) => $"name = {Quote(name)}";

    public static string And(params IEnumerable<string> terms) => string.Join(" AND ", terms);

    static string Quote(string text) =>
        !text.Contains('\'') ? $"'{text}'"
        : !text.Contains('"') ? $"\"{text}\""
        : throw new ArgumentException($"'{text}' cannot be searched for in MLflow; expected a text without both kinds of quotes.");
}
