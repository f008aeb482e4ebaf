using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Learning.Tests.Evaluation.Overoptimization;

public sealed class JudgedGainTests
{
    [Fact]
    public void Gold_from_judgements_is_the_difference_of_Gaussian_means()
    {
        // Scores N(0, 1) and N(0.5, 1): the second wins with Φ(0.5/√2) = 0.638163.
        Assert.Equal(0.5, JudgedGain.Of(Judgements(won: 638163, lost: 361837)).Value, 1e-5);
        Assert.Equal(0, JudgedGain.Of(Judgements(won: 50, lost: 50)).Value, 1e-6);
        var (won, lost) = (JudgedGain.Of(Judgements(won: 70, lost: 30)), JudgedGain.Of(Judgements(won: 30, lost: 70)));
        Assert.Equal(won.Value, -lost.Value, 1e-6);
        Assert.Equal(won.Lower, -lost.Upper, 1e-6);
        Assert.InRange(won.Lower, 0.3, won.Value);
    }

    [Fact]
    public void With_ties_it_is_Glenn_and_Davids()
    {
        // (Φ⁻¹(0.5) − Φ⁻¹(0.3))/2 = 0.2622003
        Assert.Equal(Math.Sqrt(2) * 0.2622003, JudgedGain.Of(Judgements(won: 50, lost: 30, tied: 20)).Value, 1e-6);
        Assert.Equal(0, JudgedGain.Of(Judgements(won: 10, lost: 10, tied: 80)).Value, 1e-6);
    }

    [Fact]
    public void Words_of_any_size_give_the_mean_that_they_come_from_and_only_their_order_counts()
    {
        var drawn = Draw(new(7), 50_000, mean: 0.4);

        Assert.Equal(Math.Sqrt(2) * 0.4, JudgedGain.Of(drawn).Value, 0.02);
        Assert.Equal(JudgedGain.Of(drawn), JudgedGain.Of([.. drawn.Select(s => Math.Pow(10, Math.Abs(s)) * Math.Sign(s))]));
    }

    [Fact]
    public void How_much_better_says_more_than_that_it_is_better()
    {
        var drawn = Draw(new(8), 10_000, mean: 0.2);
        var (graded, signs) = (JudgedGain.Of(drawn), JudgedGain.Of([.. drawn.Select(s => (double)Math.Sign(s))]));

        // Of Gaussian differences the sign alone has 2/π of the information about a mean near 0, four words for each side nearly all.
        Assert.InRange(Math.Pow(graded.StandardError / signs.StandardError, 2), 0.6, 0.8);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(100)]
    public void The_interval_holds_the_truth_in_95_of_100_cases(int comparisons)
    {
        const double Mean = 0.5;
        Random random = new(9);
        const int Cases = 400;

        var held = Enumerable.Range(0, Cases).Select(_ => JudgedGain.Of(Draw(random, comparisons, Mean))).Count(i => i.Lower <= Math.Sqrt(2) * Mean && Math.Sqrt(2) * Mean <= i.Upper);

        Assert.InRange((double)held / Cases, 0.92, 0.98);
    }

    [Fact]
    public void Where_all_comparisons_were_won_the_gain_is_finite_and_grows_with_their_number()
    {
        var (few, many) = (JudgedGain.Of(Judgements(won: 10)), JudgedGain.Of(Judgements(won: 100)));

        Assert.True(double.IsFinite(few.Upper));
        Assert.True(many.Value > few.Value);
        Assert.True(few.Lower < few.Value);
    }

    [Fact]
    public void Nothing_but_ties_says_nothing()
    {
        var gain = JudgedGain.Of(Judgements(tied: 50));

        Assert.Equal(0, gain.Value);
        Assert.InRange(gain.Upper, 2, 5);
        Assert.Equal(-gain.Upper, gain.Lower);
    }

    [Fact]
    public void Nothing_and_what_is_no_number_is_refused()
    {
        Assert.Equal("There is no comparison to measure a gain by; expected at least one.", Assert.Throws<ArgumentException>(() => JudgedGain.Of([])).Message);
        Assert.Equal("A strength is NaN; expected a finite one.", Assert.Throws<ArgumentException>(() => JudgedGain.Of([1, double.NaN])).Message);
    }

    static double[] Judgements(int won = 0, int lost = 0, int tied = 0) => [.. Enumerable.Repeat(2.0, won), .. Enumerable.Repeat(-2.0, lost), .. Enumerable.Repeat(0.0, tied)];

    /// <summary>What labelers with thresholds at 0.15, 0.7 and 1.5 say of differences N(mean, 1).</summary>
    static double[] Draw(Random random, int count, double mean) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        var difference = mean + Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return Math.Sign(difference) * (double)new[] { 0.15, 0.7, 1.5 }.Count(t => Math.Abs(difference) >= t);
    })];
}
