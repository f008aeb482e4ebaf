using System.Globalization;
using System.Text.Json;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Labeling;

/// <summary>The fields of one line of a file of judgements. Errors name field, value and what was expected, without file and line.</summary>
sealed class JudgementFields
{
    /// <summary>Longest name of an item, a labeler and the like.</summary>
    const int LongestName = 500;

    static readonly string[] Known =
    [
        "item", "axis", "prompt_id", "prompt", "completion_a", "completion_b", "source_a", "source_b", "shown_first", "cluster", "labeler",
        "labeler_kind", "choice", "safe_a", "safe_b", "seconds", "guidelines", "at",
    ];

    static readonly string[] Roles = ["user", "assistant", "system"];

    readonly Dictionary<string, JsonElement> _fields = [];

    /// <exception cref="InvalidDataException">It is no object, or has a field that is not known.</exception>
    public JudgementFields(JsonElement line)
    {
        if (line.ValueKind != JsonValueKind.Object) throw Wrong("the line", line, "an object with one judgement");
        foreach (var field in line.EnumerateObject())
        {
            if (!Known.Contains(field.Name)) throw new InvalidDataException($"'{field.Name}' is no known field; expected {string.Join(", ", Known)}.");
            _fields[field.Name] = field.Value;
        }
    }

    /// <summary>A text that is there.</summary>
    public string Text(string field) => OptionalText(field) ?? throw Missing(field);

    /// <summary>A text, or null where there is none; the field may be null.</summary>
    public string? OptionalText(string field) => Find(field) is { } value ? TextOf(value, $"'{field}'") : null;

    /// <summary>A short text of one line that is there.</summary>
    public string Name(string field) => OptionalName(field) ?? throw Missing(field);

    /// <summary>A short text of one line, or a whole number, or null.</summary>
    public string? OptionalName(string field)
    {
        if (Find(field) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)) return number.ToString(CultureInfo.InvariantCulture);
        var name = TextOf(value, $"'{field}'");
        if (string.IsNullOrWhiteSpace(name)) throw new InvalidDataException($"'{field}' is empty; expected a name.");
        if (name.Length > LongestName) throw new InvalidDataException($"'{field}' has {name.Length} characters; expected at most {LongestName}.");
        return !name.Any(char.IsControl) ? name : throw new InvalidDataException($"'{field}' has a control character; expected a name of one line.");
    }

    /// <summary>One of a few texts, or null.</summary>
    public string? OptionalOneOf(string field, params IReadOnlyList<string> expected)
    {
        if (OptionalText(field) is not { } text) return null;
        return expected.Contains(text) ? text : throw new InvalidDataException($"'{field}' is '{Short(text)}'; expected {string.Join(", ", expected)}.");
    }

    public Choice Choice() => Choices.Parse(OptionalOneOf("choice", Choices.All) ?? throw Missing("choice"))!.Value;

    /// <summary>At least 0, or null.</summary>
    public double? OptionalSeconds()
    {
        if (Find("seconds") is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number) throw Wrong("'seconds'", value, "a number of seconds");
        return value.TryGetDouble(out var seconds) && seconds is >= 0 and <= 1e9
            ? seconds
            : throw new InvalidDataException($"'seconds' is {Short(value.GetRawText())}; expected a number from 0 to 1000000000.");
    }

    public DateTimeOffset? OptionalTime()
    {
        if (OptionalText("at") is not { } text) return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw new InvalidDataException($"'at' is '{Short(text)}'; expected a time such as 2026-11-25T18:30:00Z.");
    }

    /// <summary>A text, which is one turn of the user's, or a list of turns; null where there is none.</summary>
    public IReadOnlyList<Turn>? OptionalPrompt()
    {
        if (Find("prompt") is not { } value) return null;
        var turns = value.ValueKind switch
        {
            JsonValueKind.String => Turn.User(TextOf(value, "'prompt'")),
            JsonValueKind.Array => [.. value.EnumerateArray().Select((turn, i) => TurnOf(turn, $"turn {i + 1} of 'prompt'"))],
            _ => throw Wrong("'prompt'", value, "a text or a list of turns"),
        };
        return turns.Any(t => !string.IsNullOrWhiteSpace(t.Text)) ? turns : throw new InvalidDataException("'prompt' is empty; expected a text or a list of turns.");
    }

    public static InvalidDataException Missing(string field) => new($"'{field}' is missing or null; expected {(field == "choice" ? string.Join(", ", Choices.All) : "a text")}.");

    JsonElement? Find(string field) => _fields.TryGetValue(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    static Turn TurnOf(JsonElement turn, string what)
    {
        if (turn.ValueKind != JsonValueKind.Object) throw Wrong(what, turn, "an object with role and text");
        string? role = null, text = null;
        foreach (var field in turn.EnumerateObject())
        {
            var value = TextOf(field.Value, $"'{field.Name}' in {what}");
            if (field.Name == "role") role = value;
            else if (field.Name is "text" or "content" && text is null) text = value;
            else throw new InvalidDataException($"'{field.Name}' in {what} is no known field; expected role, and text or content.");
        }
        if (role is null || text is null) throw new InvalidDataException($"{what} has no {(role is null ? "role" : "text")}; expected role, and text or content.");
        return Roles.Contains(role) ? new(role, text) : throw new InvalidDataException($"'role' in {what} is '{Short(role)}'; expected {string.Join(", ", Roles)}.");
    }

    static string TextOf(JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.String) throw Wrong(what, value, "a text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{what} holds half of a surrogate pair; expected Unicode text.", e);
        }
    }

    static InvalidDataException Wrong(string what, JsonElement value, string expected) => new($"{what} is {Form(value)}; expected {expected}.");

    static string Form(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Short(value.GetRawText()),
    };

    static string Short(string text) => text.Length > 40 ? $"{text[..40]}…" : text;
}
