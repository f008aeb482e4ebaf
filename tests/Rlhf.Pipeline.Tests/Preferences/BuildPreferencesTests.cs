using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Preferences;

public sealed class BuildPreferencesTests
{
    static Judgement By(Side side, int strength) => new("c", "someone", side, strength, 1, false);

    [Fact]
    public void The_majority_is_chosen_with_probability_margin_and_agreement()
    {
        var pair = BuildPreferencesStep.Pair(Some.Comparison(), [By(Side.B, 3), By(Side.B, 1), By(Side.A, 1), By(Side.Tie, 0)]);

        Assert.Equal((" second", " first"), (pair.Chosen, pair.Rejected));
        Assert.Equal(0.625, pair.Probability);
        Assert.Equal(0.5, pair.Agreement);
        Assert.Equal(0.25, pair.Margin, 9);
    }

    [Fact]
    public void Without_a_majority_the_pair_is_a_tie_without_margin()
    {
        var pair = BuildPreferencesStep.Pair(Some.Comparison(), [By(Side.A, 3), By(Side.B, 1)]);

        Assert.True(pair.IsTie);
        Assert.Equal((0.5, 0.5, 0.0), (pair.Probability, pair.Agreement, pair.Margin));
    }

    [Fact]
    public void Labelers_who_all_see_a_tie_agree() => Assert.Equal(1, BuildPreferencesStep.Pair(Some.Comparison(), [By(Side.Tie, 0), By(Side.Tie, 0)]).Agreement);

    [Fact]
    public void A_comparison_that_nobody_judged_is_an_error() =>
        Assert.Throws<InvalidDataException>(() => BuildPreferencesStep.Pair(Some.Comparison(), []));

    [Fact]
    public void Held_out_comparisons_make_held_out_pairs() =>
        Assert.True(BuildPreferencesStep.Pair(Some.Comparison(purpose: "heldOut"), [By(Side.A, 1)]).HeldOut);
}
