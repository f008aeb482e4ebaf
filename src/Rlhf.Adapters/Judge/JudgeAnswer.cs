using System.Text;
using System.Text.Json;

namespace Rlhf.Adapters.Judge;

/// <summary>Better of the two that were shown.</summary>
enum Shown { First, Second, Tie }

/// <summary>A judge's answer, as it has to be: one JSON object with critique, better and margin in this order, and nothing else.</summary>
/// <param name="Offset">Where in the text's UTF-8 the value of <c>better</c> begins, behind its quotation mark.</param>
sealed record JudgeAnswer(string Critique, Shown Better, int Strength, int Offset)
{
    /// <summary>The values of <c>better</c>, in the order of <see cref="Shown"/>; no two begin with the same letter.</summary>
    public static readonly string[] Values = ["first", "second", "tie"];

    static readonly string[] Margins = ["slight", "clear", "great"], Fields = ["critique", "better", "margin"];

    /// <summary>What the endpoint is told of it.</summary>
    public static readonly JsonElement Schema = JsonDocument.Parse(
        """
        {
          "type": "object",
          "properties": {
            "critique": { "type": "string", "description": "What each answer does well and badly by the principle." },
            "better": { "type": "string", "enum": ["first", "second", "tie"] },
            "margin": { "type": "string", "enum": ["slight", "clear", "great"] }
          },
          "required": ["critique", "better", "margin"],
          "additionalProperties": false
        }
        """).RootElement;

    /// <summary>The answer, or why the text is none.</summary>
    public static (JudgeAnswer? Answer, string? Reason) Parse(string text)
    {
        var values = new List<(string Text, int Offset)>();
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return (null, "it is no JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (values.Count == Fields.Length || name != Fields[values.Count])
                    return (null, $"it has '{Short(name)}' {(values.Count < Fields.Length ? $"where '{Fields[values.Count]}' was expected" : "besides what was expected")}");
                if (!reader.Read() || reader.TokenType != JsonTokenType.String) return (null, $"'{name}' is no text");
                values.Add((reader.GetString()!, (int)reader.TokenStartIndex + 1));
            }
            if (values.Count < Fields.Length) return (null, $"it has no '{Fields[values.Count]}'");
            if (reader.Read()) return (null, "something follows the JSON object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // half of a surrogate pair
        {
            return (null, "it is no JSON object");
        }
        if (string.IsNullOrWhiteSpace(values[0].Text)) return (null, "'critique' is empty");
        var (better, margin) = (Array.IndexOf(Values, values[1].Text), Array.IndexOf(Margins, values[2].Text));
        if (better < 0) return (null, $"'better' is '{Short(values[1].Text)}' and not one of {string.Join(", ", Values)}");
        if (margin < 0) return (null, $"'margin' is '{Short(values[2].Text)}' and not one of {string.Join(", ", Margins)}");
        return (new(values[0].Text, (Shown)better, better == (int)Shown.Tie ? 0 : margin + 1, values[1].Offset), null);
    }

    static string Short(string text) => text.Length > 40 ? $"{text[..40]}…" : text;
}
