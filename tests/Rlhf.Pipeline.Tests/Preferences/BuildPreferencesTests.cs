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
        var pair = BuildPreferencesStep.Pair(Some.Comparison(), [By(Side.B, 3), By(Side.B, 1), By(Side.A, 1), By(Side.Tie, 0)])!;

        Assert.Equal((" second", " first"), (pair.Chosen, pair.Rejected));
        Assert.Equal(0.625, pair.Probability);
        Assert.Equal(0.5, pair.Agreement);
        Assert.Equal(0.25, pair.Margin, 9);
    }

    [Fact]
    public void Without_a_majority_there_is_no_pair() => Assert.Null(BuildPreferencesStep.Pair(Some.Comparison(), [By(Side.A, 2), By(Side.B, 2)]));

    [Fact]
    public void A_comparison_that_nobody_judged_is_an_error() =>
        Assert.Throws<InvalidDataException>(() => BuildPreferencesStep.Pair(Some.Comparison(), []));

    [Fact]
    public void Held_out_comparisons_make_held_out_pairs() =>
        Assert.True(BuildPreferencesStep.Pair(Some.Comparison(purpose: "heldOut"), [By(Side.A, 1)])!.HeldOut);
}
