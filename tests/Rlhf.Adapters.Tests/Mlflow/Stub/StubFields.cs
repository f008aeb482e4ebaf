using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Tests.Support;

/// <summary>
/// The fields of one request, of its query or its JSON. What a real server refuses is an error answer here too; what it swallows is refused
/// and noted.
/// </summary>
sealed class StubFields(JsonObject fields, Action<string> note)
{
    public static StubFields Read(HttpRequest request, byte[] body, Action<string> note)
    {
        if (request.Method == "GET")
        {
            var query = new JsonObject();
            foreach (var (key, values) in request.Query)
                query[key] = key == "order_by" ? new JsonArray([.. values.Select(v => (JsonNode?)v)]) : values.ToString();
            return new(query, note);
        }
        if (request.ContentType?.Split(';')[0] != "application/json") throw StubError.Invalid("Bad Request. Content-Type must be one of ['application/json'].");
        try
        {
            return new(JsonNode.Parse(body) as JsonObject ?? [], note);
        }
        catch (JsonException e)
        {
            // Among others a bare NaN, which Python's reader takes.
            throw Swallowed(note, $"{request.Path}: not JSON: {e.Message}");
        }
    }

    static StubError Swallowed(Action<string> note, string what)
    {
        note(what);
        return StubError.Invalid(what);
    }

    public StubError Swallowed(string what) => Swallowed(note, what);

    public bool Has(string key) => fields[key] is not null;

    /// <summary>Text of 1 to so many characters; fails where it is missing.</summary>
    public string Text(string key, int most = 10_000) =>
        Optional(key, most) is { Length: > 0 } text ? text : throw StubError.Invalid($"Missing value for required parameter '{key}'.");

    /// <summary>Text that may be empty or missing.</summary>
    public string? Optional(string key, int most = 10_000)
    {
        if (fields[key] is not { } node) return null;
        if (node.GetValueKind() != JsonValueKind.String) throw StubError.Invalid($"Invalid value {node.ToJsonString()} for parameter '{key}' supplied: not a string.");
        var text = node.GetValue<string>();
        return text.EnumerateRunes().Count() <= most ? text : throw Swallowed($"'{key}' has more than {most} characters.");
    }

    /// <summary>An int64, as a number or as text; null where it is missing.</summary>
    public long? Integer(string key)
    {
        if (fields[key] is not { } node) return null;
        var text = node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value : throw Swallowed($"'{key}' is {text}, not an int64.");
    }

    /// <summary>A metric's value: a finite number, or one of three texts.</summary>
    public double Double(string key)
    {
        if (fields[key] is not { } node) throw StubError.Invalid($"Missing value for required parameter '{key}'.");
        if (node.GetValueKind() == JsonValueKind.Number)
            return double.IsFinite(node.GetValue<double>()) ? node.GetValue<double>() : throw Swallowed($"'{key}' is {node.ToJsonString()}, out of a double's range.");
        return (node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : "") switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => throw StubError.Invalid($"Invalid value {node.ToJsonString()} for parameter '{key}' supplied."),
        };
    }

    public IReadOnlyList<StubFields> List(string key) => fields[key] switch
    {
        null => [],
        JsonArray array => [.. array.Select(item => new StubFields(item as JsonObject ?? throw StubError.Invalid($"'{key}' holds no objects."), note))],
        var other => throw StubError.Invalid($"Invalid value {other.ToJsonString()} for parameter '{key}' supplied."),
    };

    public StubFields Object(string key) =>
        new(fields[key] as JsonObject ?? throw StubError.Invalid($"Missing value for required parameter '{key}'."), note);

    public IReadOnlyList<string> Texts(string key) => fields[key] switch
    {
        null => [],
        JsonArray array => [.. array.Select(item => item?.GetValueKind() == JsonValueKind.String ? item.GetValue<string>() : throw Swallowed($"'{key}' holds {item?.ToJsonString()}, not a string."))],
        var other => throw StubError.Invalid($"Invalid value {other.ToJsonString()} for parameter '{key}' supplied."),
    };

    /// <summary>The key of a metric, param or tag.</summary>
    public string Key(string key = "key")
    {
        var text = Text(key);
        if (text.EnumerateRunes().Count() > 250) throw StubError.Invalid($"'{key}' exceeds the maximum length of 250 characters");
        var good = text.All(c => char.IsLetterOrDigit(c) || c is '_' or '/' or '.' or '-' or ':' or ' ')
            && !text.StartsWith("..", StringComparison.Ordinal) && !text.Split('/').Any(part => part is "" or "." or "..");
        return good ? text : throw StubError.Invalid($"Invalid value \"{text}\" for parameter '{key}' supplied.");
    }

    /// <summary>Tags by key; the same key twice is what the server does not say what it does with.</summary>
    public IReadOnlyDictionary<string, string> Tags(int most)
    {
        var tags = new Dictionary<string, string>();
        foreach (var tag in List("tags"))
            if (!tags.TryAdd(tag.Key(), tag.Optional("value", most) ?? "")) throw Swallowed($"tag '{tag.Key()}' stands twice.");
        return tags;
    }

    public JsonObject ToJson() => fields.DeepClone().AsObject();

    public (int From, int Count) Page(int standard, int most)
    {
        var count = Integer("max_results") ?? standard;
        if (count <= 0 || count > most) throw StubError.Invalid($"Invalid value {count} for parameter 'max_results' supplied.");
        return (Optional("page_token") is { Length: > 0 } token ? int.Parse(token, CultureInfo.InvariantCulture) : 0, (int)count);
    }
}
