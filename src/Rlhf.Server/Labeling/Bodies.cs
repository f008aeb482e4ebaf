using Rlhf.Runtime.Labeling;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Labeling;

/// <param name="Count">How many questions to have in hand.</param>
sealed record AssignBody(int Count);

/// <param name="Labeler">Who answered in the browser that sends this: somebody else may have signed in since.</param>
/// <param name="Choice">Between the sides as they were shown.</param>
sealed record AnswerBody(string Key, string Labeler, string Item, string Choice)
{
    public double? Seconds { get; init; }

    public string? Comment { get; init; }

    public string? Guidelines { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary>Of the side that was shown first alone.</summary>
    public string? SafeA { get; init; }

    /// <summary>Of the other side.</summary>
    public string? SafeB { get; init; }

    /// <exception cref="ArgumentException">A field is not what was expected.</exception>
    public LabelerAnswer Checked(string caller) => new(
        Texts.Key(Key), Texts.ItemOf(Item, Labeler, caller),
        Choices.Parse(Choice) ?? throw new ArgumentException($"'choice' is '{Texts.Short(Choice)}'; expected {string.Join(", ", Choices.All)}."),
        Seconds is null or (>= 0 and <= Texts.LongestSeconds) ? Seconds : throw new ArgumentException($"'seconds' is {Seconds}; expected 0 to {Texts.LongestSeconds}."))
    {
        Comment = Texts.Optional("comment", Comment),
        Guidelines = Texts.Optional("guidelines", Guidelines),
        At = At,
        SafeFirst = Texts.Safe("safeA", SafeA),
        SafeSecond = Texts.Safe("safeB", SafeB),
    };
}

/// <param name="Answer">Key of the answer that is taken back.</param>
sealed record UndoBody(string Answer);

/// <param name="Text">Why, in the labeler's words.</param>
sealed record RemarkBody(string Key, string Labeler, string Item, string Text)
{
    public string? Section { get; init; }

    public string? Guidelines { get; init; }

    /// <exception cref="ArgumentException">A field is not what was expected.</exception>
    public LabelerRemark Checked(string caller, RemarkKind kind) => new(
        Texts.Key(Key), Texts.ItemOf(Item, Labeler, caller), kind,
        Texts.Optional("section", Section),
        Texts.Optional("text", Text) ?? (kind == RemarkKind.Flag && Section is not null ? "" : throw new ArgumentException("'text' is empty; expected a reason.")))
    {
        Guidelines = Texts.Optional("guidelines", Guidelines),
    };
}

/// <param name="Choice">Between the sides as they were shown.</param>
sealed record DecisionBody(string Item, string Choice)
{
    public string? Comment { get; init; }

    /// <exception cref="ArgumentException">A field is not what was expected.</exception>
    public (string Item, Choice Choice, string? Comment) Checked() => (
        Texts.Item(Item), Choices.Parse(Choice) ?? throw new ArgumentException($"'choice' is '{Texts.Short(Choice)}'; expected {string.Join(", ", Choices.All)}."), Texts.Optional("comment", Comment));
}

sealed record AcknowledgeBody(string Axis, string Version);

/// <param name="Try">The number that came with the examples.</param>
/// <param name="Choices">Of each example, between the sides as they were shown.</param>
sealed record QualifyBody(string Axis, string Version, int Try, string[] Choices)
{
    /// <exception cref="ArgumentException">A field is not what was expected.</exception>
    public IReadOnlyList<Choice> Checked() =>
        [.. Choices.Select(c => Steps.Data.Choices.Parse(c) ?? throw new ArgumentException($"'choices' has '{Texts.Short(c ?? "null")}'; expected {string.Join(", ", Steps.Data.Choices.All)}."))];
}

/// <summary>Texts from outside, checked.</summary>
static class Texts
{
    public const int LongestText = 5000, LongestSeconds = 86_400;

    /// <exception cref="ArgumentException">It is no key.</exception>
    public static string Key(string key) =>
        key.Length is >= 8 and <= 100 && key.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? key
        : throw new ArgumentException($"'key' is '{Short(key)}'; expected 8 to 100 letters, digits and dashes, new for each answer.");

    /// <exception cref="ArgumentException">It is none, or somebody else answered.</exception>
    public static string ItemOf(string item, string labeler, string caller) =>
        labeler != caller ? throw new ArgumentException($"'labeler' is '{Short(labeler)}', and {caller} is signed in; expected answers of who is signed in.")
        : Item(item);

    /// <exception cref="ArgumentException">It is none.</exception>
    public static string Item(string item) =>
        item.Length is >= 1 and <= 500 && !item.Any(char.IsControl) ? item
        : throw new ArgumentException($"'item' is '{Short(item)}'; expected the name of a question.");

    /// <exception cref="ArgumentException">It is another text.</exception>
    public static Safety? Safe(string field, string? text) => text is null ? null
        : Safeties.Parse(text) ?? throw new ArgumentException($"'{field}' is '{Short(text)}'; expected {string.Join(", ", Safeties.All)}.");

    /// <summary>Null where there is nothing in it.</summary>
    /// <exception cref="ArgumentException">It is too long or no text.</exception>
    public static string? Optional(string field, string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (text.Length > LongestText) throw new ArgumentException($"'{field}' has {text.Length} characters; expected at most {LongestText}.");
        return text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
            ? throw new ArgumentException($"'{field}' has a control character; expected text.")
            : text.Trim();
    }

    public static string Short(string text) => text.Length <= 60 ? text : $"{text[..60]}…";
}
