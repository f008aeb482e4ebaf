using System.Xml.Linq;
using Rlhf.Reports.Rounds;
using Rlhf.Steps.Json;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Comparing;

/// <summary>HParams that are not the same in all rounds; seeds differ anyway.</summary>
static class HParamDifferences
{
    public static IEnumerable<XElement> Of(IReadOnlyList<RoundMaterial> rounds)
    {
        var (values, ran) = (rounds.Select(ValuesOf).ToList(), rounds.Select(r => r.Lineage.Steps.Select(s => s.Record.Step).ToHashSet()).ToList());
        // What a round did not run has no values there to differ by.
        var differing = values.SelectMany(v => v.Keys).Distinct().Order(StringComparer.Ordinal)
            .Where(k => values.Where((_, i) => ran[i].Contains(k[..k.IndexOf('.', StringComparison.Ordinal)])).Select(v => v.GetValueOrDefault(k)).Distinct().Count() > 1).ToList();
        yield return differing.Count == 0
            ? Paragraph("All hparams of all steps that several of these rounds ran are the same.")
            : Table("HParams that differ; a dash where the step has none or was not run", ["HParam", .. rounds.Select(r => RoundsDocument.NameOf(r, rounds))], differing.Select(k => (IReadOnlyList<object?>)
                [k, .. values.Select(v => v.GetValueOrDefault(k))]));
        foreach (var step in ran.SelectMany(s => s).Distinct().Order(StringComparer.Ordinal))
            if (rounds.Where((_, i) => !ran[i].Contains(step)).Select(r => RoundsDocument.NameOf(r, rounds)).ToList() is { Count: > 0 } without)
                yield return Paragraph(Code(step), $" was not run for {string.Join(", ", without)}.");
    }

    /// <summary>By step and name; a step that ran several times with several values has them all.</summary>
    static Dictionary<string, string> ValuesOf(RoundMaterial round) => (
        from step in round.Lineage.Steps
        from hparam in step.Record.Hparams
        group CanonicalJson.ToText(hparam.Value) by $"{step.Record.Step}.{hparam.Key}").ToDictionary(g => g.Key, g => string.Join(" and ", g.Distinct().Order(StringComparer.Ordinal)));
}
