using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Steps.Artifacts;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>What the round made from what.</summary>
static class LineageSection
{
    public static XElement Of(RoundMaterial round)
    {
        var lineage = round.Lineage;
        return Section(
            "lineage", "Lineage",
            lineage.Steps.Count == 0 ? Absent("The step records of this round are not in this store.") : LineagePlot.Of(lineage).ToElement(),
            lineage.Given.Count == 0 ? null : Paragraph("The round began with ", lineage.Given.Select((g, i) => new object[] { i > 0 ? ", " : "", Code(g.Short) }), ", which it did not make."),
            Artifacts(round),
            lineage.Steps.Count == 0 ? null : Details("Every step with its artifacts", Table("Steps of the round, those that come first, first", ["Step", "Version", "Made", "From"], lineage.Steps.Select(s => (IReadOnlyList<object?>)
                [s.Record.Step, $"{s.Record.StepVersion}", Short(s.To), Short(s.From)]))));
    }

    static XElement Artifacts(RoundMaterial round)
    {
        var report = round.Report;
        return Table("What the report is about", ["What", "Artifact"], new (string Name, ArtifactRef? Artifact)[]
        {
            ("Champion", report.Champion), ("Challenger", report.Challenger), ("Reward model", report.RewardModelRef), ("Preferences", report.Preferences), ("Evidence", report.Evidence),
            ("Criteria", report.Decision.Criteria), ("Measures", report.Decision.Measures), ("Report card", report.Decision.ReportCard), ("Ratings", report.Ratings), ("Over-optimization", report.Overoptimization),
        }.Where(a => a.Artifact is not null).Select(a => (IReadOnlyList<object?>)[a.Name, Code($"{a.Artifact}")]));
    }

    static XElement Short(IReadOnlyList<ArtifactRef> artifacts) => Code(string.Join(", ", artifacts.Select(a => a.Short)));
}
