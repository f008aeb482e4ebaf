using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Rewards;

public sealed class ReportCardsTests
{
    static EvaluatedPair Pair(double chosen, double rejected, double agreement = 1, string source = "a", int chosenLength = 10, int rejectedLength = 10) =>
        new(new("c", "p", Turn.User("A prompt."), "x", "y", 0, 1, agreement, true) { ChosenSource = source, RejectedSource = "a" },
            chosen, rejected, 2 * (chosen - rejected), 0, chosenLength, rejectedLength);

    static RewardModelCard Card(params EvaluatedPair[] pairs) => ReportCards.Of(pairs, new(1, 1, 0, 1, Simulated: true) { JudgeShare = 0.5 }, ties: 3, members: 2, new(1.5, 1.6, 100));

    [Fact]
    public void A_tie_of_scores_counts_a_half_in_every_accuracy()
    {
        var card = Card(Pair(1, 0), Pair(0, 0), Pair(0, 1, agreement: 0.6), Pair(2, 0, source: "b"));

        Assert.Equal(0.625, card.Accuracy);
        Assert.Equal([new("below 0.75", 1, 0), new("unanimous", 3, 2.5 / 3)], card.ByAgreement);
        Assert.Equal([new("a", 3, 0.5), new("a and b", 1, 1)], card.BySource);
        Assert.Equal((4, 3, 2, true), (card.Pairs, card.Ties, card.Members, card.Simulated));
        Assert.Equal((1.5, 1.6), (card.LanguageLossBefore, card.LanguageLossAfter));
    }

    [Fact]
    public void Calibration_is_that_of_the_log_odds_and_counts_every_pair_once()
    {
        var card = Card(Pair(1, 0), Pair(1, 0), Pair(0, 1));

        Assert.Equal(3, card.Calibration.Reliability.Sum(r => r.Pairs));
        Assert.Equal((2 * Math.Log(1 + Math.Exp(-2)) + Math.Log(1 + Math.Exp(2))) / 3, card.Calibration.NegativeLogLikelihood, 9);
        Assert.Equal(card.NegativeLogLikelihood, card.Calibration.NegativeLogLikelihood);
        Assert.True(card.Calibration.Temperature > 1, "two of three right at 0.88 is too sure");
    }

    [Fact]
    public void Pairs_that_length_alone_decides_are_counted()
    {
        // Scores are a tenth of the length, so nothing is left of the margin of one pair once the line is taken off.
        var card = Card(Pair(2, 1, chosenLength: 20, rejectedLength: 10), Pair(3, 1, chosenLength: 30, rejectedLength: 10), Pair(1, 4, chosenLength: 10, rejectedLength: 40));

        Assert.Equal(1, card.Length.Correlation!.Value, 9);
        Assert.Equal(0.1, card.Length.Slope!.Value, 9);
        Assert.Equal(["better is longer", "better is shorter"], card.ByLength.Select(p => p.Part));
    }

    [Fact]
    public void Where_all_lengths_are_the_same_there_is_no_length_bias_and_none_is_made_up() =>
        Assert.Equal(new(null, null, null), Card(Pair(1, 0)).Length);

    [Fact]
    public void Without_a_held_out_pair_there_is_no_card() => Assert.Throws<InvalidDataException>(() => Card());
}
