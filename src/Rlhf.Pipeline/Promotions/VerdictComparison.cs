using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Promotions;

/// <summary>
/// Whether a verdict is what its evidence comes to. Figures are compared to nine digits, since logarithms differ in the last ones between processors; what a
/// later version of the product says besides is not looked at, and neither are sentences, whose wording may have changed since.
/// </summary>
static class VerdictComparison
{
    const double Tolerance = 1e-9;

    static readonly string[] Sentences = ["reason", "reasons"];

    /// <summary>The first difference in words; null for none.</summary>
    public static string? Difference(GateVerdict said, GateVerdict again) => Difference(CanonicalJson.ToNode(said), CanonicalJson.ToNode(again), "");

    static string? Difference(JsonNode? said, JsonNode? again, string place) => (said, again) switch
    {
        (null, _) => null,
        (JsonObject a, JsonObject b) => a.Where(m => !Sentences.Contains(m.Key)).Select(m => Difference(m.Value, b[m.Key], place.Length == 0 ? m.Key : $"{place}.{m.Key}")).FirstOrDefault(d => d is not null),
        (JsonArray a, JsonArray b) when a.Count == b.Count => a.Select((item, i) => Difference(item, b[i], $"{place}[{i}]")).FirstOrDefault(d => d is not null),
        (JsonValue a, JsonValue b) when Same(a, b) => null,
        _ => $"{place} is {said.ToJsonString()}, and the evidence comes to {again?.ToJsonString() ?? "nothing"}",
    };

    static bool Same(JsonValue said, JsonValue again)
    {
        if (said.GetValueKind() != JsonValueKind.Number || again.GetValueKind() != JsonValueKind.Number) return JsonNode.DeepEquals(said, again);
        var (a, b) = (Number(said), Number(again));
        return Math.Abs(a - b) <= Tolerance * Math.Max(1, Math.Max(Math.Abs(a), Math.Abs(b)));
    }

    static double Number(JsonValue value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
}
