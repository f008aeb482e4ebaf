using System.Xml.Linq;
using Rlhf.Reports.Rounds;
using Rlhf.Steps.Json;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Comparing;

/// <summary>HParams that are not the same in all rounds; seeds differ anyway.</summary>
static class HParamDifferences
{
    public static XElement Of(IReadOnlyList<RoundMaterial> rounds)
    {
        var values = rounds.Select(ValuesOf).ToList();
        var differing = values.SelectMany(v => v.Keys).Distinct().Order(StringComparer.Ordinal).Where(k => values.Select(v => v.GetValueOrDefault(k)).Distinct().Count() > 1).ToList();
        return differing.Count == 0
            ? Paragraph("All hparams of all steps are the same in these rounds.")
            : Table("HParams that differ; a dash where the step has none or was not run", ["HParam", .. rounds.Select(r => RoundsDocument.NameOf(r, rounds))], differing.Select(k => (IReadOnlyList<object?>)
                [k, .. values.Select(v => v.GetValueOrDefault(k))]));
    }

    /// <summary>By step and name; a step that ran several times with several values has them all.</summary>
    static Dictionary<string, string> ValuesOf(RoundMaterial round) => (
        from step in round.Lineage.Steps
        from hparam in step.Record.Hparams
        group CanonicalJson.ToText(hparam.Value) by $"{step.Record.Step}.{hparam.Key}").ToDictionary(g => g.Key, g => string.Join(" and ", g.Distinct().Order(StringComparer.Ordinal)));
}
