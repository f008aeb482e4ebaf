using Rlhf.Learning.Evaluation;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;

namespace Rlhf.Pipeline.Labeling;

/// <summary>Judges beside people, by an axis.</summary>
static class KindReports
{
    const double Normal95 = 1.959963984540054;

    public static IReadOnlyList<KindReport> Of(IReadOnlyList<SidedJudgement> all) =>
    [
        .. all.GroupBy(j => j.Line.Kind).OrderBy(g => g.Key).Select(g =>
        {
            var figures = new Figures();
            var name = NameOf(g.Key);
            var biases = new Biases([.. g.Select(j => j.Line)], $"The labelers of the kind '{name}'", figures);
            return new KindReport
            {
                Kind = name,
                Labelers = g.DistinctBy(j => j.Line.Labeler).Count(),
                Judgements = g.Count(),
                Items = g.DistinctBy(j => j.Line.Item).Count(),
                PositionPreference = biases.Position(),
                LengthPreference = biases.Length(),
                SelfPreference = biases.Self(),
                Reasons = figures.Reasons,
            };
        }),
    ];

    /// <param name="first">Each labeler's first answers.</param>
    public static JudgesReport Judges(IReadOnlyList<SidedJudgement> first)
    {
        var people = first.Where(j => j.Line.Kind == LabelerKind.Person).ToList();
        var ofPeople = people.GroupBy(j => j.Line.Item).ToDictionary(g => g.Key, g => JudgementReports.Majority(AgreementReports.Counts(g)));
        var judges = first.Where(j => j.Line.Kind == LabelerKind.Judge).GroupBy(j => JudgeName.Parse(j.Line.Labeler)?.Model ?? j.Line.Labeler)
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Of(g.Key, [.. g], ofPeople)).ToList();
        var figures = new Figures();
        figures.Known("judges", judges.Count == 0 ? null : judges, "No labeler is a judge (labeler_kind).");
        return new(judges, AgreementReports.Of(people)) { Reasons = figures.Reasons };
    }

    public static string NameOf(LabelerKind kind) => kind.ToString().ToLowerInvariant();

    static JudgeAgreement Of(string judge, IReadOnlyList<SidedJudgement> own, IReadOnlyDictionary<string, int?> people)
    {
        var both = own.GroupBy(j => j.Line.Item).Where(g => people.ContainsKey(g.Key))
            .Select(g => (Judge: JudgementReports.Majority(AgreementReports.Counts(g)), People: people[g.Key])).ToList();
        var pairs = both.Where(b => b is { Judge: not null, People: not null }).Select(b => (b.Judge!.Value, b.People!.Value)).ToList();
        var figures = new Figures();
        var none = people.Count == 0 ? "No labeler is a person." : $"People and the judge have no item in common on which each has a majority ({both.Count} judged by both).";
        var agreement = figures.Known("agreement", Proportion.Of95(pairs.Count(p => p.Item1 == p.Item2), pairs.Count), none);
        Agreement? of = null;
        var kappa = pairs.Count == 0 ? figures.Known<double?>("cohenKappa", null, none) : figures.Try("cohenKappa", () => (of = Agreement.Of(pairs)).CohenKappa);
        var reach = figures.Known(
            "kappaInterval", of is { KappaStandardError: > 0 and var error } ? Normal95 * error : (double?)null,
            of is null ? figures.Reasons["cohenKappa"] : "All items agree, or none does, of which the standard error is 0 whatever their number.");
        return new()
        {
            Judge = judge,
            Items = pairs.Count,
            WithoutMajority = both.Count - pairs.Count,
            Agreement = agreement,
            Opposite = pairs.Count(p => Math.Abs(p.Item1 - p.Item2) == 2),
            CohenKappa = kappa,
            KappaLower = kappa - reach is { } lower ? Math.Max(lower, -1) : null,
            KappaUpper = kappa + reach is { } upper ? Math.Min(upper, 1) : null,
            Reasons = figures.Reasons,
        };
    }
}
