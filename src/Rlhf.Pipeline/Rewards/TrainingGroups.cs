using Rlhf.Learning.Rewards;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Rewards;

/// <summary>What became of the pairs on their way into the training.</summary>
/// <param name="Pairs">Pairs that are trained on, ties among them.</param>
/// <param name="Ties">Ties among them.</param>
/// <param name="LowAgreement">Pairs on which labelers disagree, whatever was done with them.</param>
/// <param name="Dropped">Pairs left out, ties among them.</param>
sealed record PairCounts(int Pairs, int Ties, int LowAgreement, int Dropped);

/// <summary>Gives each preference pair its margin, label and weight as the hparams say, and puts pairs into groups.</summary>
sealed class TrainingGroups(TrainRewardModel.HParams hparams)
{
    /// <summary>A pair with what the loss makes of it.</summary>
    sealed record Target(PreferencePair Pair, double Margin, double Probability, double Weight, bool Hard);

    public (List<PreferenceGroup> Groups, PairCounts Counts) Build(IReadOnlyList<PreferencePair> pairs, Func<PreferencePair, string, ScoredText> encode)
    {
        var low = pairs.Where(IsLow).ToList();
        var bucket = low.Count > 0 ? low.Average(p => p.Probability) : 1;
        var targets = pairs.Where(p => hparams.Ties == TieUse.Soft || !p.IsTie)
            .Where(p => hparams.LowAgreement != LowAgreement.Drop || !IsLow(p)).Select(p => TargetOf(p, bucket)).Where(t => t.Weight > 0).ToList();
        if (targets.Count == 0)
            throw new InvalidDataException($"No preference pair is left to train on: {pairs.Count} pairs, {pairs.Count(p => p.IsTie)} ties ({hparams.Ties}), {low.Count} of low agreement ({hparams.LowAgreement}).");
        // Weights mean 1, so that the learning rate keeps its meaning.
        var mean = targets.Average(t => t.Weight);
        targets = [.. targets.Select(t => t with { Weight = t.Weight / mean })];
        var groups = hparams.Grouping == PairGrouping.Prompt ? ByPrompt(targets, encode) : Balanced(targets, encode);
        return (groups, new(targets.Count, targets.Count(t => t.Pair.IsTie), low.Count, pairs.Count - targets.Count));
    }

    bool IsLow(PreferencePair pair) => !pair.IsTie && pair.Agreement < hparams.AgreementThreshold;

    Target TargetOf(PreferencePair pair, double bucket)
    {
        var margin = hparams.Strength is StrengthUse.Margin or StrengthUse.Both ? hparams.MarginScale * pair.Margin : 0;
        // From a half for a tie to one and a half for the greatest strength: the strongest counts three times the weakest.
        var weight = pair.Weight * (hparams.Strength is StrengthUse.Weight or StrengthUse.Both ? 0.5 + pair.Margin : 1);
        var label = pair.IsTie ? 0.5 : hparams.SoftLabels ? pair.Probability : 1;
        if (!IsLow(pair)) return new(pair, margin, label, weight, false);
        return hparams.LowAgreement switch
        {
            LowAgreement.Bucket => new(pair, margin, bucket, weight, false),
            LowAgreement.Downweight => new(pair, margin, label, weight * (2 * pair.Probability - 1), false),
            LowAgreement.Hard => new(pair, 0, pair.Probability, weight, true),
            _ => throw new InvalidOperationException($"'lowAgreement' {hparams.LowAgreement} leaves no pair of low agreement."),
        };
    }

    /// <summary>A group a pair; with length balance, the rarer of "longer is better" and "shorter is better" is repeated until both are as frequent.</summary>
    List<PreferenceGroup> Balanced(List<Target> targets, Func<PreferencePair, string, ScoredText> encode)
    {
        var groups = targets.Select(t => new PreferenceGroup(
            [encode(t.Pair, t.Pair.Chosen), encode(t.Pair, t.Pair.Rejected)], [new(0, 1, t.Margin, t.Probability, t.Weight, t.Pair.ComparisonId)], t.Hard)).ToList();
        if (!hparams.LengthBalanced) return groups;
        var byLonger = groups.Where(g => g.Texts[0].Length != g.Texts[1].Length).ToLookup(g => g.Texts[0].Length > g.Texts[1].Length);
        var (longer, shorter) = (byLonger[true].ToList(), byLonger[false].ToList());
        if (longer.Count == 0 || shorter.Count == 0)
            throw new InvalidDataException($"'lengthBalanced' is true, but the better side is longer in {longer.Count} pairs and shorter in {shorter.Count}; expected some of each.");
        var (rare, often) = longer.Count < shorter.Count ? (longer, shorter) : (shorter, longer);
        return [.. groups, .. Enumerable.Range(0, often.Count - rare.Count).Select(i => rare[i % rare.Count])];
    }

    static List<PreferenceGroup> ByPrompt(List<Target> targets, Func<PreferencePair, string, ScoredText> encode) =>
        [.. targets.GroupBy(t => t.Pair.PromptId).Select(prompt =>
        {
            var texts = prompt.SelectMany(t => new[] { t.Pair.Chosen, t.Pair.Rejected }).Distinct().ToList();
            return new PreferenceGroup(
                [.. texts.Select(text => encode(prompt.First().Pair, text))],
                [.. prompt.Select(t => new GroupPair(texts.IndexOf(t.Pair.Chosen), texts.IndexOf(t.Pair.Rejected), t.Margin, t.Probability, t.Weight, t.Pair.ComparisonId))]);
        })];
}
