using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Adapters.Tests.Mlflow.Replay;

/// <summary>How what the client sends or read differs from what was recorded; a sentence for each difference.</summary>
static class Likeness
{
    // What this client always says and the recorded one may have left out.
    static readonly HashSet<string> Always = ["max_results", "view_type", "run_view_type", "step", "start_time"];

    /// <summary>Method, path, query and body of a request. Old names count as the new ones, an int64 as text as a number, an empty list as none.</summary>
    public static IEnumerable<string> OfRequests(Exchange recorded, Arrived sent)
    {
        if (sent.Method != recorded.Method) yield return $"{sent.Method} for {recorded.Method}";
        if (sent.Path != recorded.Path) yield return $"{sent.Path} for {recorded.Path}";
        var query = Query(sent);
        // An error that is about a field's absence is another one where the client says it.
        var told = recorded.IsError ? (string?)recorded.AnswerJson()?["message"] ?? "" : "";
        foreach (var difference in Objects(Plain(recorded.Query), Plain(query), told)) yield return "query: " + difference;
        if (sent.Json() is { } json)
        {
            if (sent.Headers.GetValueOrDefault("Content-Type")?.StartsWith("application/json", StringComparison.Ordinal) != true && recorded.Method != "PUT")
                yield return $"content type {sent.Headers.GetValueOrDefault("Content-Type")}";
            if (recorded.Method == "PUT") yield break;
            if (recorded.Fields is not { } fields) yield return "a JSON body for none";
            else foreach (var difference in Objects(Plain(fields), Plain(json), told)) yield return "body: " + difference;
        }
        else if (recorded.Method == "PUT" && recorded.Body?.StartsWith('<') != true && recorded.Body != System.Text.Encoding.UTF8.GetString(sent.Body)) yield return "another content";
        else if (recorded.Method != "PUT" && !string.IsNullOrEmpty(recorded.Body)) yield return "no JSON body";
    }

    /// <summary>Whether all that the client read stands in the answer: leaves by value; what the client fills in itself (empty, 0, false) aside.</summary>
    public static IEnumerable<string> OfAnswers(JsonNode recorded, JsonNode read, string at = "")
    {
        switch (read)
        {
            case JsonObject o:
                foreach (var (key, value) in o)
                {
                    if (value is null || IsFill(value)) continue;
                    if (recorded is not JsonObject r || r[key] is not { } other) yield return $"{at}/{key} is {value.ToJsonString()}, which was not answered";
                    else foreach (var difference in OfAnswers(other, value, $"{at}/{key}")) yield return difference;
                }
                break;
            case JsonArray a:
                if (recorded is not JsonArray all || all.Count != a.Count) yield return $"{at} has {a.Count} items";
                else
                    for (var i = 0; i < a.Count; i++)
                        foreach (var difference in OfAnswers(all[i]!, a[i]!, $"{at}/{i}")) yield return difference;
                break;
            default:
                if (Leaf(read) != Leaf(recorded)) yield return $"{at} is {read.ToJsonString()} for {recorded.ToJsonString()}";
                break;
        }
    }

    static IEnumerable<string> Objects(JsonObject recorded, JsonObject sent, string told)
    {
        foreach (var (key, value) in recorded)
        {
            if (sent[key] is not { } ours) yield return $"{key} is not sent";
            else foreach (var difference in Values(key, value!, ours, told)) yield return difference;
        }
        foreach (var (key, value) in sent)
            if (recorded[key] is null && (!Always.Contains(key) || told.Contains($"'{key}'", StringComparison.Ordinal))) yield return $"{key} is sent as {value?.ToJsonString()}";
    }

    static IEnumerable<string> Values(string key, JsonNode recorded, JsonNode ours, string told) => (recorded, ours) switch
    {
        (JsonObject r, JsonObject o) => Objects(Plain(r), o, told).Select(d => $"{key}.{d}"),
        (JsonArray r, JsonArray o) when r.Count == o.Count => r.Zip(o).SelectMany(pair => Values(key, pair.First!, pair.Second!, told)),
        _ when Leaf(recorded) == Leaf(ours) => [],
        _ => [$"{key} is {ours.ToJsonString()} for {recorded.ToJsonString()}"],
    };

    static JsonObject Query(Arrived sent) => new(sent.Query.Select(q =>
        KeyValuePair.Create(q.Key, (JsonNode?)(q.Key == "order_by" ? new JsonArray([.. q.Value.Select(v => (JsonNode?)v)]) : q.Value[0]))));

    // Without what is deprecated (user_id), empty, or another name for run_id.
    static JsonObject Plain(JsonObject fields)
    {
        var plain = new JsonObject();
        foreach (var (key, value) in fields)
        {
            if (value is null or JsonArray { Count: 0 } || key == "user_id") continue;
            if (key == "run_uuid") plain["run_id"] ??= value.DeepClone();
            else plain[key] = value.DeepClone();
        }
        return plain;
    }

    static bool IsFill(JsonNode value) => value is JsonArray { Count: 0 } || value is JsonObject { Count: 0 }
        || (value is JsonObject o && o.All(p => p.Value is null || IsFill(p.Value))) || value.ToJsonString() is "\"\"" or "0" or "false";

    // Numbers and texts of numbers alike; MLflow's greatest numbers are infinities.
    static string Leaf(JsonNode node)
    {
        var text = node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return whole.ToString();
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) return text;
        return Math.Abs(value) == double.MaxValue ? value > 0 ? "Infinity" : "-Infinity" : value.ToString("R");
    }
}
