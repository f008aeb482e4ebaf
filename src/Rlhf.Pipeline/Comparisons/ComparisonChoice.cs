using Rlhf.Learning.Selection;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>
/// Which candidates are asked: of the held-out ones as many as their share of all, drawn uniformly, so that what is measured on them is not biased by the
/// choice; of the others by each strategy its share of the budget, spread over the clusters of prompts.
/// </summary>
/// <param name="hparams">Budget and shares.</param>
/// <param name="seed">Draws what is uniform.</param>
/// <param name="logOdds">By comparison what each member of an ensemble gives its side A; null where there is no reward model.</param>
sealed class ComparisonChoice(SelectComparisons.HParams hparams, long seed, IReadOnlyDictionary<string, double[]>? logOdds)
{
    const string Uniform = "uniform";

    /// <summary>The chosen ones, each with its strategy, in an order drawn by the seed.</summary>
    public List<Comparison> Of(IReadOnlyList<Comparison> candidates)
    {
        var parts = candidates.ToLookup(c => c.Purpose == "heldOut");
        var budget = Math.Min(hparams.Budget, candidates.Count);
        var heldOut = (int)Math.Round((double)budget * parts[true].Count() / candidates.Count);
        // Some of each where there is some of each: a reward model that is measured on nothing is worth nothing.
        if (heldOut == 0 && parts[true].Any() && budget > 1) heldOut = 1;
        var chosen = parts[true].OrderBy(Drawn).Take(heldOut).Select(c => c with { Strategy = Uniform }).ToList();
        chosen.AddRange(Training([.. parts[false]], budget - chosen.Count));
        return [.. chosen.OrderBy(Drawn).ThenBy(c => c.Id, StringComparer.Ordinal)];
    }

    IEnumerable<Comparison> Training(List<Comparison> candidates, int budget)
    {
        var left = candidates.ToDictionary(c => c.Id);
        var rest = budget;
        foreach (var (name, share, worth) in Strategies())
        {
            var count = Math.Min(rest, (int)Math.Round(share * budget));
            foreach (var picked in Spread(left.Values, count, worth))
            {
                left.Remove(picked.Id);
                rest--;
                yield return picked with { Strategy = name };
            }
        }
        foreach (var picked in Spread(left.Values, rest, c => -Drawn(c))) yield return picked with { Strategy = Uniform };
    }

    IEnumerable<(string Name, double Share, Func<Comparison, double> Worth)> Strategies()
    {
        if (logOdds is null) yield break;
        if (hparams.Disagreement > 0) yield return ("disagreement", hparams.Disagreement, c => Acquisition.Disagreement(logOdds[c.Id]));
        if (hparams.InformationGain > 0) yield return ("informationGain", hparams.InformationGain, c => Acquisition.InformationGain(logOdds[c.Id]));
        if (hparams.SmallGap > 0) yield return ("smallGap", hparams.SmallGap, c => Acquisition.SmallGap(logOdds[c.Id]));
    }

    /// <summary>So many of the worthiest, each cluster's share of them from that cluster.</summary>
    static List<Comparison> Spread(IEnumerable<Comparison> candidates, int count, Func<Comparison, double> worth)
    {
        var clusters = candidates.GroupBy(c => c.Cluster ?? 0).OrderBy(g => g.Key).Select(g => g.ToList()).ToList();
        var quotas = Quotas.ByRoot([.. clusters.Select(c => c.Count)], count);
        return [.. clusters.Zip(quotas).SelectMany(c => c.First.Select(x => (Comparison: x, Worth: worth(x)))
            .OrderByDescending(x => x.Worth).ThenBy(x => x.Comparison.Id, StringComparer.Ordinal).Take(c.Second).Select(x => x.Comparison))];
    }

    double Drawn(Comparison comparison) => Seeds.Uniform(seed, "choice", comparison.Id);
}
