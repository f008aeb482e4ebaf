using Rlhf.GateSimulation;
using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public class SequentialTests
{
    static readonly SequentialPlan Plan = new(0.5, 0.6, 0.05, 0.2);

    static double[] Games(int wins, int losses, int ties = 0) =>
        [.. Enumerable.Repeat(1.0, wins), .. Enumerable.Repeat(0.0, losses), .. Enumerable.Repeat(0.5, ties)];

    [Fact]
    public void Walds_test_has_the_published_bounds_steps_and_expected_counts()
    {
        var test = SprtTest.Of(55, 35, Plan);

        Assert.Equal((2.772589, -1.558145), (Math.Round(test.Upper, 6), Math.Round(test.Lower, 6)));
        Assert.Equal((0.182322, -0.223144), (Math.Round(SprtTest.Of(1, 0, Plan).LogLikelihoodRatio, 6), Math.Round(SprtTest.Of(0, 1, Plan).LogLikelihoodRatio, 6)));
        Assert.Equal((2.217661, SequentialVerdict.Undecided), (Math.Round(test.LogLikelihoodRatio, 6), test.Verdict));
        Assert.Equal((94.68, 65.73), (Math.Round(SprtTest.ExpectedCount(Plan, atExpectedRate: true), 2), Math.Round(SprtTest.ExpectedCount(Plan, atExpectedRate: false), 2)));
        Assert.Equal((SequentialVerdict.Above, SequentialVerdict.Futile), (SprtTest.Of(30, 5, Plan).Verdict, SprtTest.Of(5, 15, Plan).Verdict));
    }

    [Theory]
    [InlineData(60, 40, 0.913)]
    [InlineData(65, 35, 11.4614)]
    public void The_beta_binomial_e_value_is_the_published_one(int wins, int losses, double expected) =>
        Assert.Equal(expected, BetaBinomialTest.EValue(wins, losses, 0.5), 0.0005);

    [Theory]
    [InlineData(60, 40, 0.4408, 0.746)]
    [InlineData(600, 400, 0.5446, 0.6537)]
    public void On_wins_and_losses_the_always_valid_interval_is_that_of_the_beta_binomial_e_value(int wins, int losses, double lower, double upper)
    {
        var (low, high) = AlwaysValidInterval.Of(Games(wins, losses), 0.05);

        // The published ends stand on a grid of 1e-4.
        Assert.Equal((lower, upper), (low, high), (a, b) => Math.Abs(a.Item1 - b.Item1) < 2e-4 && Math.Abs(a.Item2 - b.Item2) < 2e-4);
        Assert.Equal(20, BetaBinomialTest.EValue(wins, losses, low), 0.05);
        Assert.Equal(20, BetaBinomialTest.EValue(wins, losses, high), 0.05);
    }

    [Theory]
    [InlineData(20, 0)]
    [InlineData(0, 20)]
    public void An_interval_of_nothing_but_wins_or_losses_reaches_to_the_end(int wins, int losses)
    {
        var (low, high) = AlwaysValidInterval.Of(Games(wins, losses), 0.05);

        Assert.Equal(wins > 0 ? 1 : 0, wins > 0 ? high : low, 1e-5);
        Assert.InRange(wins > 0 ? low : high, wins > 0 ? 0.5 : 0.0, wins > 0 ? 1.0 : 0.5);
    }

    [Fact]
    public void The_order_of_observations_changes_neither_e_value_nor_interval()
    {
        double[] x = [.. Games(31, 22, 9), 0.25, 0.75, 1.0 / 3];

        var (there, back) = (BettingTest.Of(x, Plan), BettingTest.Of([.. x.Reverse()], Plan));

        Assert.Equal(there.EValue, back.EValue, 1e-9);
        Assert.Equal((there.Lower, there.Upper), (back.Lower, back.Upper), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-6 && Math.Abs(a.Item2 - b.Item2) < 1e-6);
    }

    [Fact]
    public void Two_halves_say_less_than_a_win_and_a_loss_and_pull_the_same_way()
    {
        // A tie is no evidence that there is a difference; it bears on neither side alone.
        Assert.True(BettingTest.Of(Games(0, 0, 2), Plan).EValue <= 1);
        Assert.Equal(0.5, BettingTest.Of(Games(10, 10, 20), Plan).Mean);
        Assert.True(BettingTest.Of(Games(30, 10, 40), Plan).EValue > BettingTest.Of(Games(30, 20, 40), Plan).EValue);
    }

    [Fact]
    public void Without_observations_nothing_is_shown()
    {
        var nothing = BettingTest.Of([], Plan);

        Assert.Equal((SequentialVerdict.Undecided, 0, null), (nothing.Verdict, nothing.Count, nothing.Mean));
        Assert.Equal((1, 1, 0, 1), (Math.Round(nothing.EValue, 12), Math.Round(nothing.FutilityEValue, 12), nothing.Lower, nothing.Upper));
    }

    [Fact]
    public void The_expected_e_value_of_a_bet_under_the_target_is_one_at_most()
    {
        // Exact: all sequences of eight judgements at the target rate.
        var mean = Enumerable.Range(0, 1 << 8).Average(bits => BettingTest.Of([.. Enumerable.Range(0, 8).Select(i => (double)(bits >> i & 1))], Plan).EValue);

        Assert.Equal(1, mean, 1e-9);
    }

    [Fact]
    public void Overwhelming_evidence_is_a_finite_figure()
    {
        var (won, lost) = (BettingTest.Of(Games(5000, 100), Plan), BettingTest.Of(Games(100, 5000), Plan));

        Assert.Equal((SequentialVerdict.Above, double.MaxValue), (won.Verdict, won.EValue));
        Assert.Equal((SequentialVerdict.Futile, double.MaxValue), (lost.Verdict, lost.FutilityEValue));
        Assert.Equal(double.MaxValue, BetaBinomialTest.EValue(5000, 100, 0.5));
        Assert.Equal(1, BettingTest.ExpectedMore(Games(5000, 100), Plan));
        Assert.True(BettingTest.ExpectedMore([.. Enumerable.Repeat(0.0, 200_000)], Plan) > 10_000);
    }

    [Fact]
    public void How_many_more_are_needed_falls_as_evidence_comes()
    {
        Assert.True(BettingTest.ExpectedMore(Games(6, 4), Plan) > BettingTest.ExpectedMore(Games(60, 40), Plan));
        Assert.Equal(1, BettingTest.ExpectedMore(Games(600, 400), Plan));
        Assert.InRange(BettingTest.ExpectedMore([], Plan), 140, 155); // ln 20 by what one judgement at 0.6 brings
    }

    [Theory]
    [InlineData(1.1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void An_observation_outside_of_0_to_1_is_refused(double x)
    {
        Assert.Throws<ArgumentException>(() => BettingTest.Of([0.5, x], Plan));
        Assert.Throws<ArgumentException>(() => AlwaysValidInterval.Of([0.5, x], 0.05));
    }

    [Theory]
    [InlineData(0.6, 0.5, 0.05, 0.2)]
    [InlineData(0, 0.5, 0.05, 0.2)]
    [InlineData(0.5, 1, 0.05, 0.2)]
    [InlineData(0.5, 0.6, 0, 0.2)]
    [InlineData(0.5, 0.6, 0.05, 1)]
    public void A_plan_that_is_none_is_refused(double target, double expected, double alpha, double beta) =>
        Assert.Throws<ArgumentException>(() => BettingTest.Of([1], new(target, expected, alpha, beta)));

    // Three standard errors of so few campaigns beside the bound; make gate-simulation runs 10,000 of each.
    static readonly Scenario[] Scenarios =
    [
        new("independent"), new("40 % ties", Ties: 0.4), new("3 a prompt", Each: 3, Correlation: 0.2), new("10 a prompt", Each: 10, Correlation: 0.3),
        new("prefer the side shown first", FirstShown: 0.5),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Where_nobody_prefers_the_challenger_at_most_one_campaign_in_twenty_promotes_it_however_often_one_looks(int scenario)
    {
        const int campaigns = 600;

        var outcomes = Campaigns.Run(Scenarios[scenario], campaigns, seed: 7);

        Assert.InRange(outcomes.Promoted, 0, 0.05 + 3 * Math.Sqrt(0.05 * 0.95 / campaigns));
    }

    [Fact]
    public void A_win_rate_of_60_percent_is_found_in_four_of_five_campaigns_with_fewer_judgements_than_a_fixed_sample()
    {
        const int campaigns = 600;

        var outcomes = Campaigns.Run(new("0.60", Rate: 0.6), campaigns, seed: 7);

        Assert.InRange(outcomes.Promoted, 0.8 - 3 * Math.Sqrt(0.8 * 0.2 / campaigns), 1);
        Assert.InRange(outcomes.Decisive, SprtTest.ExpectedCount(Plan, atExpectedRate: true), SampleSize.OneSided(0.6, 0.05, 0.8));
    }

    [Fact]
    public void Tests_that_take_the_judgements_of_a_prompt_for_independent_promote_far_too_often()
    {
        var outcomes = Campaigns.Run(Scenarios[3], 600, seed: 7);

        Assert.True(outcomes is { Wald: > 0.15, BetaBinomial: > 0.25 });
    }
}
