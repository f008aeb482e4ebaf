using Rlhf.Reports.Figures;
using Rlhf.Steps.Journal;

namespace Rlhf.Reports.Rounds;

/// <summary>The curves of a PPO training, from its committed metrics.</summary>
public static class TrainingCurves
{
    const int MostPoints = 1000;

    /// <summary>Plots in the order of a report: which metrics, and what the axis says.</summary>
    static readonly (string Name, string Title, string Axis, (string Metric, string Name)[] Lines)[] Plots =
    [
        ("ppo-score", "Score of the rollouts by the reward model", "Score (normalized)", [("objective/score", "score"), ("objective/rlhf_reward", "score less KL penalty")]),
        ("ppo-kl", "Sequence KL to the reference policy", "KL (nats a sequence)", [("objective/kl", "KL")]),
        ("ppo-policy", "Policy updates", "Share, or nats", [("ppo/policy/clipfrac", "clip fraction"), ("ppo/policy/approxkl", "approximate KL of an update (nats)")]),
        ("ppo-entropy", "Entropy of the policy", "Entropy (nats a token)", [("ppo/policy/entropy", "entropy")]),
        ("ppo-value", "Value function", "Explained variance (1 is all)", [("ppo/val/var_explained", "explained variance")]),
    ];

    /// <summary>Metrics that reports show, each update once: of a training that was taken up again the later word counts.</summary>
    public static IReadOnlyList<Curve> Of(IEnumerable<MetricLine> lines)
    {
        var shown = Plots.SelectMany(p => p.Lines).Select(l => l.Metric).ToHashSet();
        return [.. lines.Where(l => shown.Contains(l.Metric)).GroupBy(l => l.Metric).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new Curve(g.Key, [.. g.GroupBy(l => l.Update).OrderBy(u => u.Key).Select(u => (u.Key, u.Last().Value))]))];
    }

    /// <summary>A figure for each plot that has a curve.</summary>
    public static IEnumerable<Figure> Figures(IReadOnlyList<Curve> curves) => Figures([("", curves)]);

    /// <summary>The same of several trainings over each other, told apart by their names.</summary>
    public static IEnumerable<Figure> Figures(IReadOnlyList<(string Name, IReadOnlyList<Curve> Curves)> trainings)
    {
        foreach (var (name, title, axis, lines) in Plots)
        {
            // Over each other lies what can be told apart: one line of each training.
            var wanted = trainings.Count == 1 ? lines : lines[..1];
            var found = (
                from training in trainings
                from line in wanted
                from curve in training.Curves
                where curve.Metric == line.Metric
                select (Name: trainings.Count == 1 ? line.Name : training.Name, curve)).ToList();
            if (found.Count == 0) continue;
            var plot = new Plot("PPO update", axis).Whole();
            var csv = new Csv("training", "metric", "update", "value");
            foreach (var (label, curve) in found)
            {
                plot.Line(label, [.. Plot.Thinned(curve.Points, MostPoints).Select(p => new PlotPoint(p.Update, p.Value))]);
                foreach (var (update, value) in curve.Points) csv.Add(label, curve.Metric, update, value);
            }
            var longest = found.Max(f => f.curve.Points.Count);
            yield return new(
                name, $"{title} over PPO updates", $"{title}{(trainings.Count == 1 ? "" : $" ({wanted[0].Name})")}.{(longest > MostPoints ? $" Drawn through {MostPoints} of {longest} updates." : "")}", plot.ToSvg(), csv.ToString());
        }
    }
}
