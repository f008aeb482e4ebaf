using System.Text.Json.Nodes;
using System.Xml.Linq;
using Rlhf.Steps.Json;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>What the result depends on besides its inputs: hparams and seeds of every step.</summary>
static class HParamsSection
{
    public static XElement Of(RoundMaterial round)
    {
        var steps = round.Lineage.Steps.Select(s => s.Record).Where(r => r.Hparams.Count > 0 || r.Inputs["seed"] is not null)
            .DistinctBy(r => $"{r.Step} {r.StepVersion} {r.Inputs["seed"]} {CanonicalJson.ToText(r.Hparams)}").ToList();
        return Section(
            "hparams", "HParams",
            steps.Count == 0 ? [Absent("The step records of this round are not in this store.")] : steps.Select(r => Details(
                $"{r.Step} {r.StepVersion}", Table($"{r.Step}: seed and hparams as its record has them", ["HParam", "Value"], Seed(r.Inputs["seed"]).Concat(
                    r.Hparams.OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => (IReadOnlyList<object?>)[h.Key, Text(h.Value)]))))));
    }

    static IEnumerable<IReadOnlyList<object?>> Seed(JsonNode? seed) => seed is null ? [] : [["seed", Text(seed)]];

    static string Text(JsonNode? value) => value is JsonValue text && text.TryGetValue<string>(out var said) ? said : CanonicalJson.ToText(value);
}
