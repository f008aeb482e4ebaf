using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Server.Elsa;

/// <summary>
/// The fields of a request as Elsa takes them: names without regard to case, null and what is missing the same, unknown ones left alone. Every reading of a field of
/// another type is an <see cref="ArgumentException"/> that names it, its value and what was expected.
/// </summary>
sealed class Fields
{
    readonly Dictionary<string, JsonNode> _values = new(StringComparer.OrdinalIgnoreCase);

    Fields() { }

    /// <summary>Those of the query.</summary>
    public static Fields OfQuery(HttpContext context)
    {
        var fields = new Fields();
        foreach (var (name, values) in context.Request.Query)
        {
            if (values is [{ } one]) fields._values[name] = one;
            else fields._values[name] = new JsonArray([.. values.Select(v => JsonValue.Create(v))]);
        }
        return fields;
    }

    /// <summary>Those of the body, which may be missing.</summary>
    /// <exception cref="ArgumentException">It is no JSON object.</exception>
    public static async Task<Fields> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        if (text.Trim().Length == 0) return new();
        if (!context.Request.HasJsonContentType()) throw new ArgumentException($"The body is '{context.Request.ContentType}'; expected application/json.");
        try
        {
            ElsaBody.CheckTexts(Encoding.UTF8.GetBytes(text));
            return Of(JsonNode.Parse(text) as JsonObject ?? throw new ArgumentException($"The body is {Shown(text)}; expected a JSON object."));
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"The body is no JSON: {e.Message}", e);
        }
    }

    public static Fields Of(JsonObject json)
    {
        var fields = new Fields();
        foreach (var (name, value) in json)
        {
            if (value is not null) fields._values[name] = value;
        }
        return fields;
    }

    /// <summary>These, and what they do not say from others.</summary>
    public Fields Joined(Fields others)
    {
        var fields = new Fields();
        foreach (var (name, value) in others._values.Concat(_values)) fields._values[name] = value;
        return fields;
    }

    /// <summary>True where the list is there and holds nothing.</summary>
    public bool IsEmptyList(string name) => _values.TryGetValue(name, out var value) && value is JsonArray { Count: 0 };

    /// <summary>The text; null where it is missing or empty.</summary>
    public string? Text(string name) => !_values.TryGetValue(name, out var value) ? null
        : value is JsonValue one && one.TryGetValue<string>(out var text) ? text.Length == 0 ? null : text
        : throw Wrong(name, value, "a text");

    /// <summary>The text, which must be there.</summary>
    public string Needed(string name) => Text(name) ?? throw new FieldException(name, $"'{name}' is missing; expected a text.");

    /// <summary>The texts; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (!_values.TryGetValue(name, out var value)) return null;
        if (value is not JsonArray list) return Text(name) is { } only ? [only] : null;
        var texts = list.Select(i => i is JsonValue one && one.TryGetValue<string>(out var text) ? text : throw Wrong(name, value, "a list of texts")).Where(t => t.Length > 0).ToList();
        return texts.Count == 0 ? null : texts;
    }

    public bool? Flag(string name) => !_values.TryGetValue(name, out var value) || IsEmpty(value) ? null
        : value.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? value.GetValue<bool>()
        : value.GetValueKind() == JsonValueKind.String && bool.TryParse(value.GetValue<string>(), out var flag) ? flag
        : throw Wrong(name, value, "true or false");

    /// <summary>A whole number of a range.</summary>
    public int? Number(string name, int least, int most)
    {
        if (!_values.TryGetValue(name, out var value) || IsEmpty(value)) return null;
        var expected = $"a whole number, {least} to {most}";
        var number = value is JsonValue one && one.TryGetValue<int>(out var given) ? given
            : value is JsonValue text && text.TryGetValue<string>(out var digits) && int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? parsed
            : throw Wrong(name, value, expected);
        return number >= least && number <= most ? number : throw Wrong(name, value, expected);
    }

    public DateTimeOffset? Time(string name) => Text(name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw Wrong(name, _values[name], "a time such as 2026-01-31T12:00:00Z");

    /// <summary>One of some words, without regard to case.</summary>
    public T? Word<T>(string name, IReadOnlyDictionary<string, T> words) where T : struct => Text(name) is { } text ? WordOf(name, text, words) : null;

    /// <summary>Several of some words.</summary>
    public IReadOnlyList<T>? Words<T>(string name, IReadOnlyDictionary<string, T> words) where T : struct => Texts(name)?.Select(t => WordOf(name, t, words)).ToList();

    static T WordOf<T>(string name, string text, IReadOnlyDictionary<string, T> words) where T : struct =>
        words.TryGetValue(text, out var word) ? word : throw new FieldException(name, $"'{name}' is '{Shown(text)}'; expected {string.Join(", ", words.Keys)}.");

    public JsonObject? Object(string name) => !_values.TryGetValue(name, out var value) ? null : value as JsonObject ?? throw Wrong(name, value, "an object");

    /// <summary>A field with any value at all.</summary>
    public JsonNode? Value(string name) => _values.GetValueOrDefault(name);

    /// <summary>The objects of a list.</summary>
    public IReadOnlyList<Fields> Objects(string name) => !_values.TryGetValue(name, out var value) ? []
        : value is JsonArray list ? [.. list.Select(i => Of(i as JsonObject ?? throw Wrong(name, value, "a list of objects")))]
        : throw Wrong(name, value, "a list of objects");

    static bool IsEmpty(JsonNode value) => value is JsonValue one && one.TryGetValue<string>(out var text) && text.Length == 0;

    static FieldException Wrong(string name, JsonNode value, string expected) => new(name, $"'{name}' is {Shown(value.ToJsonString())}; expected {expected}.");

    /// <summary>A value as it stands in a sentence.</summary>
    public static string Shown(string text) => text.Length <= 100 ? text : $"{text[..100]}…";
}
