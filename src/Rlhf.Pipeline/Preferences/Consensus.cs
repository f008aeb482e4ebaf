using Rlhf.Learning.Evaluation;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Preferences;

/// <summary>What several labelers together say of comparisons.</summary>
sealed class Consensus
{
    // Categories of the model, the same from either end.
    static readonly Side[] Categories = [Side.A, Side.Tie, Side.B];

    readonly Dictionary<string, IReadOnlyList<double>>? _probabilities;

    Consensus(Dictionary<string, IReadOnlyList<double>>? probabilities, IReadOnlyDictionary<string, double> abilities) => (_probabilities, Abilities) = (probabilities, abilities);

    /// <summary>By labeler the chance of saying what is true; empty where the majority decides.</summary>
    public IReadOnlyDictionary<string, double> Abilities { get; }

    /// <exception cref="InvalidDataException">Abilities are asked for, but no comparison was judged by two labelers.</exception>
    public static Consensus Of(IReadOnlyList<JudgedComparison> judged, ConsensusRule rule)
    {
        if (rule == ConsensusRule.Majority) return new(null, new Dictionary<string, double>());
        if (!judged.Any(j => j.Judgements.DistinctBy(x => x.Labeler).Skip(1).Any()))
            throw new InvalidDataException($"'consensus' is Ability, but none of {judged.Count} comparisons was judged by two labelers; expected some, or Majority ('judgementsPerComparison' of CollectJudgements).");
        var labelers = judged.SelectMany(j => j.Judgements).Select(j => j.Labeler).Distinct().Order(StringComparer.Ordinal).Select((name, i) => (name, i)).ToDictionary(l => l.name, l => l.i);
        var fit = DawidSkene.FitMirrored(
            [.. judged.Index().SelectMany(c => c.Item.Judgements.Select(j => (c.Index, labelers[j.Labeler], CategoryOf(j.Side))))], Categories.Length, DawidSkene.UsuallyKnownBefore);
        return new(
            judged.Index().ToDictionary(c => c.Item.Comparison.Id, c => fit.Probabilities[c.Index]), labelers.ToDictionary(l => l.Key, l => fit.Abilities[l.Value]));
    }

    /// <summary>The pair that the judgements make; a tie (probability 0.5) where neither side is the better one.</summary>
    public PreferencePair Pair(JudgedComparison judged)
    {
        var (comparison, judgements) = judged;
        var (a, b, ties) = (judgements.Count(j => j.Side == Side.A), judgements.Count(j => j.Side == Side.B), judgements.Count(j => j.Side == Side.Tie));
        var deciding = Judgement.Deciding(judgements);
        var (ofA, ofB, weight) = _probabilities is null || deciding.Count < judgements.Count
            ? Shares(deciding)
            : Estimated(_probabilities[comparison.Id]);
        var sign = ofA >= ofB ? 1 : -1;
        var (chosen, rejected) = ofA >= ofB ? (comparison.A, comparison.B) : (comparison.B, comparison.A);
        var strength = deciding.Average(j => sign * j.Strength * (j.Side == Side.A ? 1.0 : j.Side == Side.B ? -1.0 : 0.0));
        return new(
            comparison.Id, comparison.PromptId, comparison.Prompt, chosen.Text, rejected.Text,
            Margin: ofA == ofB ? 0 : Math.Max(0, strength / 3), Probability: Math.Max(ofA, ofB),
            Agreement: (double)Math.Max(Math.Max(a, b), ties) / judgements.Count, HeldOut: comparison.Purpose == "heldOut")
        { ChosenSource = chosen.Writer, RejectedSource = rejected.Writer, Weight = weight };
    }

    /// <summary>Of both sides. A labeler who knows how probable the preference is counts with that, for the side that it prefers.</summary>
    static (double A, double B, double Certainty) Shares(IReadOnlyList<Judgement> judgements)
    {
        double Of(Side side) => judgements.Sum(j => j.Side == Side.Tie ? 0.5
            : j.Probability is not { } probability ? j.Side == side ? 1 : 0
            : Math.Max(j.Side == Side.A ? probability : 1 - probability, 0.5) is var known && j.Side == side ? known : 1 - known) / judgements.Count;
        return (Of(Side.A), Of(Side.B), 1.0);
    }

    /// <summary>Of both sides, and how sure the model is; where a tie is most probable, a tie.</summary>
    static (double A, double B, double Certainty) Estimated(IReadOnlyList<double> probabilities)
    {
        var (a, b, tie) = (probabilities[CategoryOf(Side.A)], probabilities[CategoryOf(Side.B)], probabilities[CategoryOf(Side.Tie)]);
        return tie >= a && tie >= b ? (0.5, 0.5, tie) : (a + 0.5 * tie, b + 0.5 * tie, Math.Max(a, b));
    }

    static int CategoryOf(Side side) => Array.IndexOf(Categories, side);
}
