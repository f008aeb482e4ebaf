using System.Xml.Linq;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Pages;
using Rlhf.Reports.Rounds;
using Rlhf.Steps.Gates;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Comparing;

/// <summary>Rounds laid over each other: of a campaign, or any.</summary>
public static class RoundsDocument
{
    /// <summary>UTF-8 HTML; the same bytes for the same rounds.</summary>
    /// <param name="title">Of the page.</param>
    /// <param name="rounds">At least one; those of one campaign in their order.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static byte[] Write(string title, IReadOnlyList<RoundMaterial> rounds)
    {
        if (rounds.Count == 0) throw new ArgumentException("There is no round to show; expected at least one.");
        return Document.Write(title,
        [
            new("header", new XElement("h1", title), rounds.Any(r => r.IsSimulated)
                ? Message(new XElement("strong", "Simulated."), " Some of what follows rests on simulated labelers: no person said it. It is marked.") : null),
            Section("rounds", "Rounds", new XElement("p", Class("outcome"), Promoted(rounds)), Overview(rounds), RoundFigures.Of(rounds).Select(f => f.ToElement())),
            MonitoredRounds.Of(rounds),
            Section("ppo", "PPO over each other", TrainingCurves.Figures([.. rounds.Select(r => (NameOf(r, rounds), r.Training))]).Select(f => f.ToElement())),
            Section("hparams", "What differs", HParamDifferences.Of(rounds)),
        ]);
    }

    /// <summary>The number of the round, and its campaign where there are several.</summary>
    internal static string NameOf(RoundMaterial round, IReadOnlyList<RoundMaterial> among) =>
        among.DistinctBy(r => r.Campaign).Count() == 1 ? $"round {round.Report.Round}" : $"round {round.Report.Round} of {round.Campaign}";

    static string Promoted(IReadOnlyList<RoundMaterial> rounds)
    {
        var promoted = rounds.Where(r => r.Report.Decision.Outcome == GateVerdict.Promote).Select(r => NameOf(r, rounds)).ToList();
        return $"{(promoted.Count == 0 ? "None" : promoted.Count)} of {rounds.Count} round{(rounds.Count == 1 ? "" : "s")} promoted {(promoted.Count > 1 ? "their" : "its")} challenger{(promoted.Count == 0 ? "" : $": {string.Join(", ", promoted)}")}";
    }

    static XElement Overview(IReadOnlyList<RoundMaterial> rounds) => Table(
        "The rounds", ["Round", "Decision", "Win rate", "Interval", "Judgements", "Proxy gain", "Gold gain (simulated)", "KL (nats)", "Reward model's accuracy", "Pairs", "Rating", "Judged by"],
        rounds.Select(r => (IReadOnlyList<object?>)
        [
            rounds.DistinctBy(o => o.Campaign).Count() == 1 ? r.Report.Round : NameOf(r, rounds), new XElement("span", Class(r.Report.Decision.Outcome == GateVerdict.Promote ? "good" : "bad"), r.Report.Decision.Outcome), r.Report.Decision.Verdict.WinRate,
            Readable.Interval(r.Report.Decision.Verdict.LowerBound, r.Report.Decision.Verdict.UpperBound), r.Report.Decision.Verdict.Judgements, r.Report.ProxyAfter - r.Report.ProxyBefore, r.Report.Gold?.Gain,
            r.Report.SequenceKl, r.Report.RewardModel.Accuracy, r.Preferences?.TrainPairs, r.Report.ChallengerRating?.Rating, r.GateMark.Length > 0 ? r.GateMark.Trim(' ', '(', ')') : "people",
        ]));
}
