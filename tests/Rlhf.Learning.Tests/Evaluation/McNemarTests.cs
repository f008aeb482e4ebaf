using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class McNemarTests
{
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(3, 3, 1)]
    [InlineData(5, 0, .0625)]
    [InlineData(2, 8, .109375)]
    [InlineData(8, 2, .109375)]
    public void Small_counts_give_the_exact_tail_of_a_fair_coin(int onlyFirst, int onlySecond, double p) =>
        Assert.Equal(p, McNemar.Of(onlyFirst, onlySecond).P, 1e-12);

    [Fact] // D3's one-sided p of 55 against 35, twice
    public void The_test_is_two_sided() => Assert.Equal(2 * .022299, McNemar.Of(55, 35).P, 2e-6);

    [Fact]
    public void Thousands_of_pairs_do_not_underflow() => Assert.InRange(McNemar.Of(5200, 4800).P, 6e-5, 7e-5); // z = 3.99 with continuity correction

    [Fact]
    public void Only_pairs_on_which_one_is_right_and_the_other_wrong_count()
    {
        var test = McNemar.Of([1.0, 2, -1, -3, 0, .5], [1.0, -1, 2, -1, 1, 0]);

        Assert.Equal((1, 1), (test.OnlyFirst, test.OnlySecond));
    }

    [Fact]
    public void Counts_below_zero_are_refused() => Assert.Throws<ArgumentException>(() => McNemar.Of(-1, 3));
}
