using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Experiments.Ppo;

/// <summary>Several seeds at one KL of the grid, each between its own checkpoints.</summary>
/// <param name="Gold">One a seed.</param>
/// <param name="Proxy">One a seed.</param>
sealed record MeanPoint(double Kl, IReadOnlyList<double> Gold, IReadOnlyList<double> Proxy)
{
    public GoldPoint ToGold() => new(Kl, Gold.Average());
}

/// <summary>
/// The mean over seeds, as proof 1 has it over reward models, at every KL of the grid that all of them reached; of one seed its own curve there. Not at the
/// checkpoints, which lie close together where a training dwells, and would weigh as much each: a grid even in √KL is what the law is drawn over.
/// </summary>
static class MeanCurve
{
    public static List<MeanPoint> Of(IReadOnlyList<double> grid, IReadOnlyList<PpoCurve> curves)
    {
        var points = new List<MeanPoint>();
        foreach (var kl in grid)
        {
            if (curves.Any(c => c.At(kl, p => p.Gold.Value) is null)) break;
            points.Add(new(kl, [.. curves.Select(c => c.At(kl, p => p.Gold.Value)!.Value)], [.. curves.Select(c => c.At(kl, p => p.Proxy.Value)!.Value)]));
        }
        return points;
    }
}
