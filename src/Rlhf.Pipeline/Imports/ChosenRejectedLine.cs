using System.Text.Json;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Imports;

/// <summary>Two answers to one prompt, the better one first.</summary>
sealed record ChosenRejected(IReadOnlyList<Turn> Prompt, string Chosen, string Rejected);

/// <summary>
/// One line of a file of pairs in a form of the Hub's: <c>chosen</c> and <c>rejected</c> as texts or lists of messages, with or without <c>prompt</c>.
/// </summary>
static class ChosenRejectedLine
{
    static readonly string[] Roles = ["user", "assistant", "system"];

    /// <param name="line">One JSON object; fields that are not needed may be anything.</param>
    /// <returns>Null where the sides are no two answers to the same turns.</returns>
    /// <exception cref="InvalidDataException">A field is missing or of another form; the message names it, without the file.</exception>
    public static ChosenRejected? Read(string line)
    {
        using var document = Parse(line);
        var fields = document.RootElement;
        if (fields.ValueKind != JsonValueKind.Object) throw Broken("the line", fields, "an object with chosen and rejected");
        var (chosen, rejected) = (Field(fields, "chosen"), Field(fields, "rejected"));
        if (chosen.ValueKind != rejected.ValueKind) throw Broken("'rejected'", rejected, "the same form as 'chosen'");
        var (prompt, isTranscript) = fields.TryGetProperty("prompt", out var given) && given.ValueKind != JsonValueKind.Null ? Prompt(given) : new([], false);
        return chosen.ValueKind switch
        {
            JsonValueKind.Array => Combine(prompt, Dialogue.Messages(Messages(chosen, "'chosen'")), Dialogue.Messages(Messages(rejected, "'rejected'"))),
            JsonValueKind.String when prompt.Count > 0 => new(prompt, Answer(chosen, "'chosen'", isTranscript), Answer(rejected, "'rejected'", isTranscript)),
            JsonValueKind.String => Combine([], Transcript(Text(chosen, "'chosen'"), "'chosen'"), Transcript(Text(rejected, "'rejected'"), "'rejected'")),
            _ => throw Broken("'chosen'", chosen, "a text or a list of messages"),
        };
    }

    static ChosenRejected? Combine(IReadOnlyList<Turn> prompt, Dialogue chosen, Dialogue rejected)
    {
        if (Dialogue.Split(chosen, rejected) is not { } split) return null;
        // Some sets repeat the prompt in the messages, after a system turn perhaps.
        var repeated = Enumerable.Range(0, split.Shared.Count + 1).Any(skip => split.Shared.Skip(skip).Take(prompt.Count).SequenceEqual(prompt));
        IReadOnlyList<Turn> turns = repeated ? split.Shared : [.. prompt, .. split.Shared];
        return turns.Any(t => t.Text.Length > 0)
            ? new(turns, split.Chosen, split.Rejected)
            : throw new InvalidDataException("'chosen' has nothing before the answer, and there is no 'prompt'; expected at least one turn.");
    }

    static (IReadOnlyList<Turn> Turns, bool IsTranscript) Prompt(JsonElement prompt)
    {
        if (prompt.ValueKind == JsonValueKind.Array) return (Dialogue.Messages(Messages(prompt, "'prompt'")).Turns, false);
        if (prompt.ValueKind != JsonValueKind.String) throw Broken("'prompt'", prompt, "a text or a list of messages");
        var text = Text(prompt, "'prompt'");
        if (string.IsNullOrWhiteSpace(text)) throw new InvalidDataException("'prompt' is empty; expected a text or a list of messages.");
        // A transcript that ends where the assistant is to go on.
        return Dialogue.Transcript(text) is { Turns: [_, .., { Role: "assistant", Text: "" }] turns }
            ? ([.. turns.SkipLast(1)], true)
            : (Turn.User(PromptText.Normalize(text)), false);
    }

    // The space after 'Assistant:' is the transcript's.
    static string Answer(JsonElement value, string what, bool trimmed) => trimmed ? Text(value, what).Trim() : Text(value, what);

    static Dialogue Transcript(string text, string what) => Dialogue.Transcript(text)
        ?? throw new InvalidDataException(
            $"{what} begins with '{(text.Length > 30 ? text[..30] + "…" : text)}' and there is no 'prompt'; "
            + "expected a 'prompt', or a transcript that begins with 'Human:' or 'Assistant:'.");

    static List<Turn> Messages(JsonElement list, string what)
    {
        var messages = list.EnumerateArray().Select((message, i) => Message(message, $"message {i + 1} of {what}")).ToList();
        return messages.Count > 0 ? messages : throw new InvalidDataException($"{what} is an empty list; expected messages.");
    }

    static Turn Message(JsonElement message, string what)
    {
        if (message.ValueKind != JsonValueKind.Object) throw Broken(what, message, "an object with role and content");
        var role = Text(Field(message, "role", what), $"'role' in {what}");
        if (!Roles.Contains(role)) throw new InvalidDataException($"'role' in {what} is '{role}'; expected {string.Join(", ", Roles)}.");
        return new(role, Text(Field(message, "content", what), $"'content' in {what}"));
    }

    static JsonElement Field(JsonElement element, string field, string? of = null) =>
        element.TryGetProperty(field, out var value) ? value
        : throw new InvalidDataException($"'{field}' is missing{(of is null ? "" : $" in {of}")}; it has {Keys(element)}.");

    static string Keys(JsonElement element) =>
        string.Join(", ", element.EnumerateObject().Select(p => $"'{p.Name}'").Take(8)) is { Length: > 0 } keys ? keys : "no fields";

    static string Text(JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.String) throw Broken(what, value, "a text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{what} holds half of a surrogate pair; expected Unicode text.", e);
        }
    }

    static JsonDocument Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"the line is no JSON: {e.Message}", e);
        }
    }

    static InvalidDataException Broken(string what, JsonElement value, string expected) => new($"{what} is {Form(value.ValueKind)}; expected {expected}.");

    static string Form(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
