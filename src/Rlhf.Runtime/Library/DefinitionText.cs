using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>
/// Writes a definition as people read it in a review: what has not changed keeps the text it had; what is new stands on one line where it fits.
/// </summary>
internal sealed class DefinitionText
{
    /// <summary>The longest value on one line, in characters, besides an expression, whose script stands on one line anyway.</summary>
    const int Widest = 190;

    // A deeper text could not be read again.
    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 };

    readonly StringBuilder _text = new();
    readonly SourceText? _present;
    readonly (string Indent, string NewLine) _style;

    DefinitionText(SourceText? present) => (_present, _style) = (present, (present?.Indent ?? "  ", present?.NewLine ?? "\n"));

    /// <param name="present">The text that it takes the place of, if any; valid JSON.</param>
    public static string Write(JsonObject definition, string? present)
    {
        var source = present is null ? null : SourceText.Read(present);
        var writer = new DefinitionText(source);
        writer.Write("", definition, source?.Value, source?.Root, level: 0);
        return writer._text.Append(source?.Tail ?? writer._style.NewLine).ToString();
    }

    void Write(string name, JsonNode? value, JsonNode? before, SourceText.Place? place, int level)
    {
        if (place is not null && JsonNode.DeepEquals(value, before))
        {
            _text.Append(_present!.TextOf(place));
            return;
        }
        var isExpanded = value is JsonObject or JsonArray && (place is { Members.Count: > 0 } or { Items.Count: > 0 } ? place.IsExpanded : !FitsOnLine(value, level));
        if (value is JsonObject { Count: > 0 } json) WriteObject(json, before as JsonObject, place, level, isExpanded);
        else if (value is JsonArray { Count: > 0 } list) WriteList(name, list, before as JsonArray, place, level, isExpanded);
        else _text.Append(value?.ToJsonString(Plain) ?? "null");
    }

    void WriteObject(JsonObject json, JsonObject? before, SourceText.Place? place, int level, bool isExpanded)
    {
        _text.Append('{');
        foreach (var (i, (name, value)) in json.Index())
        {
            Separate(i, level + 1, isExpanded, " ");
            _text.Append(JsonSerializer.Serialize(name, Plain)).Append(": ");
            Write(name, value, before?[name], place?.Members.GetValueOrDefault(name), level + 1);
        }
        End(level, isExpanded, " }", '}');
    }

    void WriteList(string name, JsonArray list, JsonArray? before, SourceText.Place? place, int level, bool isExpanded)
    {
        var pairs = DefinitionForm.Pairs(name, list, before);
        _text.Append('[');
        foreach (var (i, item) in list.Index())
        {
            Separate(i, level + 1, isExpanded, "");
            var pair = place is null ? -1 : pairs[i];
            Write("", item, pair < 0 ? null : before![pair], pair < 0 ? null : place!.Items[pair], level + 1);
        }
        End(level, isExpanded, "]", ']');
    }

    void Separate(int number, int level, bool isExpanded, string first)
    {
        if (number > 0) _text.Append(',');
        if (isExpanded) NewLine(level);
        else _text.Append(number > 0 ? " " : first);
    }

    void End(int level, bool isExpanded, string onLine, char alone)
    {
        if (isExpanded) NewLine(level);
        if (isExpanded) _text.Append(alone);
        else _text.Append(onLine);
    }

    void NewLine(int level) => _text.Append(_style.NewLine).Insert(_text.Length, _style.Indent, level);

    static bool FitsOnLine(JsonNode value, int level) =>
        level > 0 && (value is JsonObject json && json.ContainsKey("expression") || !(value is JsonArray list && list.Any(i => i is JsonObject)) && LengthOf(value) <= Widest)
        && !IsActivity(value);

    static bool IsActivity(JsonNode value) => value is JsonObject json && json.ContainsKey("type") && json.ContainsKey("version");

    static int LengthOf(JsonNode? value) => value switch
    {
        JsonObject json => 2 + json.Sum(m => m.Key.Length + 6 + LengthOf(m.Value)),
        JsonArray list => 2 + list.Sum(i => 2 + LengthOf(i)),
        _ => (value?.ToJsonString(Plain) ?? "null").Length,
    };
}
