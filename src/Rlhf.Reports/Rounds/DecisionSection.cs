using System.Xml.Linq;
using Rlhf.Reports.Pages;
using Rlhf.Steps.Gates;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>What the gate decided, on what, and by which criteria.</summary>
static class DecisionSection
{
    public static XElement Of(RoundMaterial round)
    {
        var (report, verdict) = (round.Report, round.Report.Decision.Verdict);
        return Section(
            "decision", $"Decision of the gate{round.GateMark}",
            new XElement("p", Class($"outcome {(verdict.Outcome == GateVerdict.Promote ? "good" : "bad")}"), Outcome(verdict.Outcome)), Paragraph(verdict.Reason),
            report.Decision.IsExploratory ? Message("This evidence is exploratory: some judgements were collected under other criteria. It promotes nothing.") : null,
            Elements.Figures(
                ($"win rate against the champion{round.GateMark}", Readable.Number(verdict.WinRate)),
                ($"{Readable.Percent(verdict.Confidence)} always-valid interval", Readable.Interval(verdict.LowerBound, verdict.UpperBound)),
                ("evidence (e-value)", Readable.Number(verdict.EValue)), ("KL to the reference, nats", Readable.Number(report.SequenceKl))),
            Paragraph(
                $"{Readable.Count(verdict.Judgements)} judgements{round.GateMark} of {Readable.Count(verdict.Prompts)} prompts by {verdict.Labelers} labelers: {verdict.Wins} for the challenger, {verdict.Losses} for the champion, {verdict.Ties} ties"
                + (verdict.Missing > 0 ? $"; {verdict.Missing} were asked for and never came." : ".")),
            Table("Criteria, fixed before the first judgement", ["Criterion", "State", "Figure", "Threshold", "Reason"], verdict.Criteria.Select(c => (IReadOnlyList<object?>)
                [c.Name, new XElement("span", Class(c.Holds ? "good" : "bad"), State(c.State)), c.Value, c.Threshold, c.Reason])),
            Before(round), Policies(round));
    }

    static XElement Before(RoundMaterial round)
    {
        var report = round.Report;
        List<IReadOnlyList<object?>> rows = [["Proxy score on training prompts", report.ProxyBefore, report.ProxyAfter, "reward model"]];
        if (report.Gold is { } gold) rows.Add(["Gold score", gold.ChampionMean, gold.ChallengerMean, $"gold (simulated), {(gold.Gain >= 0 ? "+" : "")}{Readable.Number(gold.Gain)} deviations of the champion's"]);
        if (report.ChallengerRating is { } rating)
            rows.Add(["Rating among all policies of the campaign", report.ChampionRating?.Rating, rating.Rating, $"judgements of all rounds{round.GateMark}; 95 %: {Readable.Interval(rating.Lower, rating.Upper)}"]);
        return Table("Before and after", ["Figure", "Champion", "Challenger", "Source"], rows);
    }

    static XElement Policies(RoundMaterial round)
    {
        if (round.Measures is not { } measures) return Absent(round.Missing.GetValueOrDefault(RoundReader.Measures, ""));
        var (a, b) = (measures.ChampionFigures, measures.ChallengerFigures);
        return Table($"Measured on {measures.Prompts} prompts that no training has seen", ["Measure", "Champion", "Challenger"],
        [
            ["Proxy score", a.Proxy, b.Proxy], ["KL to the reference policy (nats a sequence)", a.Kl, b.Kl], ["Length (characters)", a.Characters, b.Characters], ["Length (tokens)", a.Tokens, b.Tokens],
            ["Finished before the length limit (share)", a.Finished, b.Finished], ["Distinct words (share)", a.Distinct1, b.Distinct1], ["Distinct pairs of words (share)", a.Distinct2, b.Distinct2],
            ["Self-BLEU (0 to 1)", a.SelfBleu, b.SelfBleu], ["Refusals (share)", a.Refusals, b.Refusals], ["Language-model loss on held-out text (nats a token)", a.LanguageLoss, b.LanguageLoss],
        ]);
    }

    public static string Outcome(string outcome) => outcome switch
    {
        GateVerdict.Promote => "Promote the challenger",
        GateVerdict.Reject => "Reject: keep the champion",
        GateVerdict.NeedMoreJudgements => "More judgements needed",
        _ => outcome,
    };

    static string State(CriterionState state) => state switch
    {
        CriterionState.Holds => "holds",
        CriterionState.Fails => "fails",
        _ => "not evaluable",
    };
}
