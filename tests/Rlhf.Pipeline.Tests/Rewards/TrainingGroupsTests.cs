using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Rewards;

public sealed class TrainingGroupsTests
{
    static PreferencePair Pair(string id, double margin = 0.5, double probability = 1, double agreement = 1, string prompt = "p", string chosen = "aa", string rejected = "b") =>
        new(id, prompt, Turn.User("A prompt."), chosen, rejected, margin, probability, agreement, false);

    static readonly PreferencePair Sure = Pair("sure"), Low = Pair("low", 0.2, 0.6, 0.6), Lower = Pair("lower", 0.1, 0.7, 0.7), Tie = Pair("tie", 0, 0.5, 0.5);

    static ScoredText Encode(PreferencePair pair, string side) => new([1, .. side.Select(c => (int)c), 2], 1);

    static (List<GroupPair> Pairs, List<PreferenceGroup> Groups, PairCounts Counts) Build(TrainRewardModel.HParams hparams, params PreferencePair[] pairs)
    {
        var (groups, counts) = new TrainingGroups(hparams).Build(pairs, Encode);
        return ([.. groups.SelectMany(g => g.Pairs)], groups, counts);
    }

    [Fact]
    public void Dropped_pairs_of_low_agreement_are_counted()
    {
        var (pairs, _, counts) = Build(new() { LowAgreement = LowAgreement.Drop }, Sure, Low, Lower, Tie);

        Assert.Equal(["sure", "tie"], pairs.Select(p => p.Id));
        Assert.Equal(new(2, 1, 2, 2), counts);
    }

    [Fact]
    public void A_bucket_of_low_agreement_has_one_soft_label()
    {
        var (pairs, _, _) = Build(new() { LowAgreement = LowAgreement.Bucket }, Sure, Low, Lower);

        Assert.Equal([1, 0.65, 0.65], pairs.Select(p => Math.Round(p.Probability, 9)));
    }

    [Fact]
    public void Pairs_of_low_agreement_count_less_and_the_mean_weight_stays_one()
    {
        var (pairs, _, _) = Build(new() { LowAgreement = LowAgreement.Downweight }, Sure, Low);

        Assert.Equal(0.2, pairs[1].Weight / pairs[0].Weight, 9);
        Assert.Equal(1, pairs.Average(p => p.Weight), 9);
        Assert.All(pairs, p => Assert.Equal(1, p.Probability));
    }

    [Fact]
    public void Hard_pairs_keep_their_own_soft_label_and_have_no_margin()
    {
        var (pairs, groups, _) = Build(new() { LowAgreement = LowAgreement.Hard, Strength = StrengthUse.Margin }, Sure, Low);

        Assert.Equal([(1, 0.5), (0.6, 0)], pairs.Select(p => (p.Probability, p.Margin)));
        Assert.Equal([false, true], groups.Select(g => g.Hard));
    }

    [Theory]
    [InlineData(StrengthUse.Ignore, 0, 1)]
    [InlineData(StrengthUse.Margin, 3, 1)]
    [InlineData(StrengthUse.Weight, 0, 3)]
    [InlineData(StrengthUse.Both, 3, 3)]
    public void Strength_is_a_margin_a_weight_both_or_ignored(StrengthUse use, double margin, double ratio)
    {
        var (pairs, _, _) = Build(new() { Strength = use, MarginScale = 3 }, Pair("strong", margin: 1), Pair("weak", margin: 0));

        Assert.Equal(margin, pairs[0].Margin, 9);
        Assert.Equal(0, pairs[1].Margin);
        Assert.Equal(ratio, pairs[0].Weight / pairs[1].Weight, 9);
    }

    [Fact]
    public void Ties_are_kept_with_label_one_half_or_dropped()
    {
        Assert.Equal(0.5, Build(new(), Sure, Tie).Pairs[1].Probability);
        Assert.Equal(["sure"], Build(new() { Ties = TieUse.Drop }, Sure, Tie).Pairs.Select(p => p.Id));
    }

    [Fact]
    public void All_pairs_of_a_prompt_are_one_group_in_which_each_completion_stands_once()
    {
        var (_, groups, _) = Build(new() { Grouping = PairGrouping.Prompt },
            Pair("1", chosen: "a", rejected: "b"), Pair("2", chosen: "a", rejected: "c"), Pair("3", prompt: "q", chosen: "x", rejected: "y"));

        Assert.Equal([(3, 2), (2, 1)], groups.Select(g => (g.Texts.Count, g.Pairs.Count)));
        Assert.Equal([(0, 1), (0, 2)], groups[0].Pairs.Select(p => (p.Chosen, p.Rejected)));
    }

    [Fact]
    public void Length_balance_repeats_the_rarer_direction_until_both_are_as_frequent()
    {
        var (_, groups, _) = Build(new() { LengthBalanced = true }, Pair("1"), Pair("2"), Pair("3"), Pair("short", chosen: "a", rejected: "bb"));

        Assert.Equal(3, groups.Count(g => g.Pairs[0].Id == "short"));
        Assert.Equal(6, groups.Count);
    }

    [Fact]
    public void Where_nothing_is_left_to_train_on_the_reasons_are_named() =>
        Assert.Contains("1 pairs, 1 ties (Drop)", Assert.Throws<InvalidDataException>(() => Build(new() { Ties = TieUse.Drop }, Tie)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_prompts_pairs_cannot_be_drawn_apart()
    {
        Assert.Contains("'lengthBalanced'", new TrainRewardModel.HParams { LengthBalanced = true, Grouping = PairGrouping.Prompt }.Validate(), StringComparison.Ordinal);
        Assert.Contains("'lowAgreement'", new TrainRewardModel.HParams { LowAgreement = LowAgreement.Hard, Grouping = PairGrouping.Prompt }.Validate(), StringComparison.Ordinal);
    }
}
