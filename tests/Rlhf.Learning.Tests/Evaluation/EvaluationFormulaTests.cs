using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class EvaluationFormulaTests
{
    [Theory]
    [InlineData(60, 100, .502003, .690599)]
    [InlineData(9, 10, .59585, .982124)]
    [InlineData(0, 10, 0, .277533)]
    [InlineData(55, 90, .507825, .705301)]
    public void D1_wilson_interval(int wins, int trials, double lower, double upper)
    {
        var interval = WilsonInterval.Of(wins, trials, 0.95);

        Assert.Equal(lower, interval.Lower, 2e-6);
        Assert.Equal(upper, interval.Upper, 2e-6);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(-1, 5)]
    [InlineData(6, 5)]
    public void What_is_no_proportion_has_no_interval(int wins, int trials) =>
        Assert.Throws<ArgumentException>(() => WilsonInterval.Of(wins, trials, 0.95));

    [Fact]
    public void A_bag_of_words_learns_which_words_win()
    {
        var pairs = Enumerable.Range(0, 40).Select(i => ($"the cat was happy {i}", $"the cat was sad {i}")).ToList();

        var model = BagOfWords.Fit(pairs);

        Assert.True(model.Margin("a happy dog", "a sad dog") > 1);
    }

    [Fact]
    public void A_bag_of_words_cannot_see_order()
    {
        var model = BagOfWords.Fit([("first sad then happy", "first happy then sad"), ("she was glad", "she was cross")]);

        Assert.Equal(0, model.Margin("first sad then happy", "first happy then sad"));
    }
}
