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
    public void Both_laws_are_fitted_and_that_of_best_of_n_says_more_surely_where_gold_will_be_highest()
    {
        var decision = StopRule.Decide([.. new[] { 0.5, 1, 1.5, 2, 3, 4 }.Select(k => Point(k, 0.02))]);

        var (law, quadratic) = (decision.Law.Fit!, decision.Quadratic.Fit!);
        Assert.Equal((Law.Rl, Law.BestOfN), (law.Curve.Law, quadratic.Curve.Law));
        Assert.InRange(quadratic.BestKl.Value, 4, Curve.BestKl);
        Assert.True(quadratic.BestKl.Upper / quadratic.BestKl.Lower < law.BestKl.Upper / law.BestKl.Lower / 3, $"{quadratic.BestKl} {law.BestKl}");
    }

    [Fact]
    public void It_stops_where_gold_has_certainly_fallen_although_no_law_fits()
    {
        var decision = StopRule.Decide([Judged(1, .5, .05), Judged(4, .1, .05), Judged(4, 0, .05)]);

        Assert.True(decision.Stop);
        Assert.Equal(0, decision.Best);
        Assert.Null(decision.Law.Fit);
        Assert.Contains(decision.Reasons, r => r.Contains("is below the best so far", StringComparison.Ordinal) && r.Contains("at 1.0 nats, by", StringComparison.Ordinal));
        Assert.Contains(decision.Reasons, r => r.StartsWith("No law was fitted", StringComparison.Ordinal));
    }

    [Fact]
    public void One_checkpoint_that_is_low_by_chance_does_not_stop_a_training_and_a_fall_does()
    {
        List<CheckpointPoint> points = [.. new[] { .3, .5, .15, .5, .5, -.4, -.4 }.Select((gold, i) => Judged(Math.Pow(1 + 0.5 * i, 2), gold, .1))];

        Assert.All(Enumerable.Range(1, 5), count => Assert.Null(StopRule.Decide([.. points.Take(count)]).Fell));
        Assert.NotNull(StopRule.Decide(points).Fell);
        Assert.InRange(StopRule.Decide(points).Best, 3, 4);
    }

    [Fact]
    public void One_lucky_estimate_is_not_handed_on()
    {
        double[] kl = [1, 2, 4, 8, 12.7, 20, 30, 45, 52, 60, 68];
        List<CheckpointPoint> points = [.. kl.Select(k => Point(k, 0.03))];
        points[9] = points[9] with { Gold = new(.6, .5, .7) };

        Assert.Equal(9, Enumerable.Range(0, 11).MaxBy(i => points[i].Gold.Value));
        Assert.InRange(StopRule.Decide(points).Best, 3, 6);
    }

    [Fact]
    public void Estimates_without_intervals_weigh_alike()
    {
        List<CheckpointPoint> points = [new(1, new(0, 0, 0), new(.2, .2, .2)), new(4, new(0, 0, 0), new(.5, .5, .5)), new(9, new(0, 0, 0), new(.1, .1, .1))];

        Assert.Equal(1, StopRule.Decide(points).Best);
        Assert.NotNull(StopRule.Decide(points).Fell);
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
    public void Scores_are_above_the_starting_policys_in_its_deviations()
    {
        var scale = ScoreScale.Of([1, 3]);

        Assert.Equal(2 / Math.Sqrt(2), scale.MeanOf([4, 4]).Value, 1e-12);
        Assert.Throws<ArgumentException>(() => ScoreScale.Of([1, 1]));
        Assert.Throws<ArgumentException>(() => ScoreScale.Of([1]));
    }

    static CheckpointPoint Judged(double kl, double gold, double error) => new(kl, new(0, 0, 0), new(gold, gold - 1.96 * error, gold + 1.96 * error));

    static CheckpointPoint Point(double kl, double error) => new(kl, new(kl, kl, kl), new(Curve.At(kl), Curve.At(kl) - 1.96 * error, Curve.At(kl) + 1.96 * error));
}
