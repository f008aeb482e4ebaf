using System.Xml.Linq;
using Rlhf.Reports.Pages;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>The report of a round as one page, the decision first.</summary>
public static class RoundDocument
{
    /// <summary>UTF-8 HTML; the same bytes for the same material.</summary>
    /// <param name="times">How long its steps took, for a page that is about a run; null for one that is part of an artifact.</param>
    public static byte[] Write(RoundMaterial round, IReadOnlyList<StepTime>? times = null)
    {
        List<XElement> sections =
        [
            DecisionSection.Of(round), OveroptimizationSection.Of(round), PpoSection.Of(round), RewardModelSection.Of(round), AgreementSection.Of(round), CompletionsSection.Of(round),
            PromptsSection.Of(round), LineageSection.Of(round), HParamsSection.Of(round), CostSection.Of(round, times),
        ];
        return Document.Write(TitleOf(round), [Head(round), Contents(sections), .. sections]);
    }

    static string TitleOf(RoundMaterial round) => $"Round {round.Report.Round} of campaign {round.Campaign}";

    static XElement Head(RoundMaterial round) => new(
        "header", new XElement("h1", TitleOf(round)),
        round.IsSimulated ? Message(new XElement("strong", "Simulated."), Simulated(round)) : null);

    static string Simulated(RoundMaterial round)
    {
        var parts = new List<string>();
        if (round.Report.Decision.Verdict.Simulated) parts.Add("judgements of the gate");
        if (round.Report.RewardModel.Simulated) parts.Add("judgements that the reward model learned from");
        if (round.Report.Gold is not null) parts.Add("the gold scores");
        return $" {string.Join(", ", parts[..1].Select(p => $"{char.ToUpperInvariant(p[0])}{p[1..]}").Concat(parts[1..]))} come from simulated labelers: no person said them. What rests on them is marked.";
    }

    static XElement Contents(IEnumerable<XElement> sections) => new(
        "nav", new XAttribute("aria-label", "Contents"),
        sections.Select(s => new XElement("a", new XAttribute("href", $"#{s.Attribute("id")!.Value}"), s.Attribute("data-short")?.Value ?? s.Element("h2")!.Value)));
}
