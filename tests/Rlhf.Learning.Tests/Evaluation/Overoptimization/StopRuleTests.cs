using Rlhf.Learning.Evaluation.Overoptimization;

namespace Rlhf.Learning.Tests.Evaluation.Overoptimization;

public sealed class StopRuleTests
{
    static readonly LawCurve Curve = new(Law.Rl, .35, .154);

    [Fact]
    public void It_goes_on_while_gold_rises()
    {
        var decision = StopRule.Decide([Point(1, 0.05), Point(2, 0.05), Point(4, 0.05)]);

        Assert.False(decision.Stop);
        Assert.Equal(2, decision.Best);
        Assert.Null(decision.PartsAt);
    }

    [Fact]
    public void It_stops_beyond_the_predicted_best_KL_before_gold_has_fallen()
    {
        double[] kl = [0.5, 1, 2, 4, 8, 14.5]; // the law's own best is 12.7

        var decision = StopRule.Decide([.. kl.Select(k => Point(k, 0.002))]);

        Assert.True(decision.Stop);
        Assert.Contains("where the fitted law is highest", decision.Reasons[0], StringComparison.Ordinal);
        Assert.Null(decision.Fell);
        Assert.InRange(decision.Law.Fit!.BestKl.Upper, 12.7, 14.5);
    }

    [Fact]
    public void It_stops_where_gold_has_certainly_fallen_although_no_law_fits()
    {
        List<CheckpointPoint> points = [new(1, new(0, 0, 0), new(.5, .4, .6)), new(2, new(0, 0, 0), new(.1, 0, .2)), new(2, new(0, 0, 0), new(0, -.1, .1))];

        var decision = StopRule.Decide(points);

        Assert.False(StopRule.Decide([.. points.Take(2)]).Stop);
        Assert.True(decision.Stop);
        Assert.Equal(0, decision.Best);
        Assert.Null(decision.Law.Fit);
        Assert.Contains(decision.Reasons, r => r.Contains("is below the best so far, 0.50 at 1.0 nats, by", StringComparison.Ordinal));
        Assert.Contains(decision.Reasons, r => r.StartsWith("No law was fitted", StringComparison.Ordinal));
    }

    [Fact]
    public void One_checkpoint_that_is_low_by_chance_does_not_stop_a_training()
    {
        List<CheckpointPoint> points = [.. new[] { .1, .5, .1, .6, .2, .1 }.Select((gold, i) => new CheckpointPoint(1 + 0.1 * i, new(0, 0, 0), new(gold, gold - .1, gold + .1)))];

        Assert.All(Enumerable.Range(1, 5), count => Assert.Null(StopRule.Decide([.. points.Take(count)]).Fell));
        Assert.NotNull(StopRule.Decide(points).Fell);
        Assert.Equal(3, StopRule.Decide(points).Best);
    }

    [Fact]
    public void What_is_handed_on_is_the_best_by_its_own_estimate_whatever_the_law_says()
    {
        double[] kl = [1, 2, 4, 8, 12.7, 20, 30, 45, 60];
        List<CheckpointPoint> points = [.. kl.Select(k => Point(k, 0.03))];
        points[2] = points[2] with { Gold = new(.9, .8, 1) };

        var decision = StopRule.Decide(points);

        Assert.NotNull(decision.Law.Fit);
        Assert.Equal(2, decision.Best);
    }

    [Fact]
    public void A_lucky_best_alone_does_not_stop_a_training()
    {
        // Each interval is ±0.35: the last one's upper bound is below the lucky best, their difference is within the noise of both.
        List<CheckpointPoint> points = [new(0.5, new(0, 0, 0), new(.5, .15, .85)), new(0.8, new(0, 0, 0), new(.1, -.25, .45))];

        CheckpointPoint low = new(1, new(0, 0, 0), new(-.1, -.45, .25));

        Assert.Null(StopRule.Decide(points).Fell);
        Assert.Null(StopRule.Decide([.. points, low]).Fell);
        Assert.NotNull(StopRule.Decide([.. points, low, low with { Kl = 1.2 }]).Fell);
    }

    [Fact]
    public void Proxy_and_gold_part_at_the_laws_peak_where_the_proxy_goes_on_rising()
    {
        double[] kl = [1, 2, 4, 8, 16, 32];

        var rising = StopRule.Decide([.. kl.Select(k => Point(k, 0.005))]);
        var falling = StopRule.Decide([.. kl.Select(k => Point(k, 0.005) with { Proxy = new(-k, -k, -k) })]);

        Assert.Equal(rising.Law.Fit!.Curve.BestKl, rising.PartsAt);
        Assert.Null(falling.PartsAt);
    }

    [Fact]
    public void Gold_from_judgements_is_the_difference_of_Gaussian_means()
    {
        // Scores N(0, 1) and N(0.5, 1): the second wins with Φ(0.5/√2).
        Assert.Equal(0.5, JudgedGain.Of(0.638163195 * 1000, 1000).Value, 1e-6);
        Assert.Equal(0, JudgedGain.Of(50, 100).Value, 1e-12);
        var (won, lost) = (JudgedGain.Of(70, 100), JudgedGain.Of(30, 100));
        Assert.Equal(won.Value, -lost.Value, 1e-9);
        Assert.Equal(won.Lower, -lost.Upper, 1e-9);
        Assert.InRange(won.Lower, 0.3, won.Value);
    }

    [Fact]
    public void Where_all_comparisons_were_won_the_gain_is_finite_and_grows_with_their_number()
    {
        Assert.True(double.IsFinite(JudgedGain.Of(10, 10).Upper));
        Assert.True(JudgedGain.Of(100, 100).Value > JudgedGain.Of(10, 10).Value);
        Assert.Throws<ArgumentException>(() => JudgedGain.Of(0, 0));
    }

    [Fact]
    public void Scores_are_above_the_starting_policys_in_its_deviations()
    {
        var scale = ScoreScale.Of([1, 3]);

        Assert.Equal(2 / Math.Sqrt(2), scale.MeanOf([4, 4]).Value, 1e-12);
        Assert.Throws<ArgumentException>(() => ScoreScale.Of([1, 1]));
        Assert.Throws<ArgumentException>(() => ScoreScale.Of([1]));
    }

    static CheckpointPoint Point(double kl, double error) => new(kl, new(kl, kl, kl), new(Curve.At(kl), Curve.At(kl) - 1.96 * error, Curve.At(kl) + 1.96 * error));
}
