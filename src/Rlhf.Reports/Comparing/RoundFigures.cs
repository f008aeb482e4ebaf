using Rlhf.Reports.Figures;
using Rlhf.Reports.Rounds;

namespace Rlhf.Reports.Comparing;

/// <summary>What rounds came to, one point a round.</summary>
static class RoundFigures
{
    public static IEnumerable<Figure> Of(IReadOnlyList<RoundMaterial> rounds)
    {
        // By number where they are a campaign's, otherwise in the order in which they were named.
        var ordered = rounds.DistinctBy(r => r.Campaign).Count() == 1;
        var x = ordered ? "Round" : "Round, in the order of naming";
        var mark = rounds.Any(r => r.GateMark.Contains("simulated", StringComparison.Ordinal)) ? " (simulated)" : "";
        List<(RoundMaterial Round, double X)> placed = [.. rounds.Select((r, i) => (r, ordered ? (double)r.Report.Round : i + 1))];

        yield return Plotted(
            "win-rate", $"Win rate against the champion of the round{mark}, with its always-valid interval.", x, $"Win rate{mark}",
            [($"win rate{mark}", [.. placed.Where(p => p.Round.Report.Decision.Verdict.WinRate is not null).Select(p => new PlotPoint(
                p.X, p.Round.Report.Decision.Verdict.WinRate!.Value, p.Round.Report.Decision.Verdict.LowerBound, p.Round.Report.Decision.Verdict.UpperBound))])]);
        var ratings = placed.Where(p => p.Round.Report.ChallengerRating?.Rating is not null).Select(p => new PlotPoint(
            p.X, p.Round.Report.ChallengerRating!.Rating!.Value, p.Round.Report.ChallengerRating.Lower, p.Round.Report.ChallengerRating.Upper)).ToList();
        if (ratings.Count > 0)
            yield return Plotted("rating", $"The challenger's rating among all policies of the campaign, as each round reported it{mark}; 95 % intervals.", x, $"Rating (Elo scale){mark}", [($"challenger{mark}", ratings)]);
        yield return Plotted(
            "gains", "Proxy gain of the training, and gold gain of the challenger (simulated) where there is gold.", x, "Gain (deviations)",
            [
                ("proxy: rollouts after less before", [.. placed.Select(p => new PlotPoint(p.X, p.Round.Report.ProxyAfter - p.Round.Report.ProxyBefore))]),
                ("gold (simulated): challenger less champion", [.. placed.Where(p => p.Round.Report.Gold is not null).Select(p => new PlotPoint(p.X, p.Round.Report.Gold!.Gain))]),
            ]);
        yield return Plotted("kl", "Sequence KL of the challenger to the reference policy.", x, "KL (nats a sequence)", [("challenger", [.. placed.Select(p => new PlotPoint(p.X, p.Round.Report.SequenceKl))])]);
        yield return Plotted("accuracy", "Accuracy of the reward model on held-out pairs, beside a bag of words.", x, "Accuracy (share)",
        [
            ("reward model", [.. placed.Select(p => new PlotPoint(p.X, p.Round.Report.RewardModel.Accuracy))]), ("bag of words", [.. placed.Select(p => new PlotPoint(p.X, p.Round.Report.RewardModel.BaselineAccuracy))]),
        ]);
    }

    static Figure Plotted(string name, string caption, string x, string y, IReadOnlyList<(string Name, IReadOnlyList<PlotPoint> Points)> lines)
    {
        var (plot, csv) = (new Plot(x, y).Whole(), new Csv("series", "round", "value", "lower", "upper"));
        foreach (var (line, points) in lines.Where(l => l.Points.Count > 0))
        {
            plot.Line(line, points);
            foreach (var point in points) csv.Add(line, point.X, point.Y, point.Lower, point.Upper);
        }
        return new(name, $"{y} by round", caption, plot.ToSvg(), csv.ToString());
    }
}
