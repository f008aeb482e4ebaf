using Rlhf.Learning.Evaluation.Ratings;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class RatingTests
{
    static readonly Game[] D7 = [new(0, 1, 1, 7), new(0, 1, 0, 3), new(1, 2, 1, 6), new(1, 2, 0, 4), new(0, 2, 1, 8), new(0, 2, 0, 2)];

    [Fact]
    public void D7_elo_scale()
    {
        Assert.Equal(.359935, EloScale.WinRate(1000, 1100), 1e-6);
        var two = EloScale.Of([60, 40]);
        Assert.Equal(70.436504, two[0] - two[1], 1e-6);
        Assert.Equal(EloScale.Center, two.Average(), 1e-9);
    }

    [Fact]
    public void D7_bradley_terry_of_three_players()
    {
        var strengths = BradleyTerry.Strengths(3, D7);
        var ratings = EloScale.Of(strengths);

        Assert.Equal([.597111, .245288, .157601], strengths.Select(s => Math.Round(s, 6)));
        Assert.Equal([1128.65, 974.098, 897.252], ratings.Select(r => Math.Round(r, 3)), (a, b) => Math.Abs(a - b) < 0.006);
    }

    [Fact]
    public void A_tie_is_half_a_win_for_both_and_the_order_of_games_says_nothing()
    {
        var halves = BradleyTerry.Strengths(2, [new(0, 1, 1, 50), new(0, 1, 0, 30), new(1, 0, 0.5, 20)]);
        var whole = BradleyTerry.Strengths(2, [new(1, 0, 1, 40), new(0, 1, 1, 60)]);

        Assert.Equal(.6, halves[0], 1e-9);
        Assert.Equal(whole[0], halves[0], 1e-9);
    }

    [Fact]
    public void Intervals_hold_the_ratings_and_are_about_as_wide_as_wilsons_mapped()
    {
        Game[] games = [new(0, 1, 1, 60), new(0, 1, 0, 40)];

        var (ratings, intervals) = BradleyTerry.Rated(2, games, 4000, seed: 1);

        Assert.Equal(70.436504, ratings[0] - ratings[1], 1e-6);
        // D7: the gap's interval by Wilson is [1.392, 139.481]; each of two ratings has half of the gap. One win more or less moves the gap by 7.
        Assert.InRange(2 * (intervals![0].Lower - 1000), 1.392 - 8, 1.392 + 8);
        Assert.InRange(2 * (intervals[0].Upper - 1000), 139.481 - 8, 139.481 + 8);
        Assert.Equal(intervals[0].Lower - 1000, 1000 - intervals[1].Upper, 1e-6);
        Assert.Equal(intervals, BradleyTerry.Rated(2, games, 4000, seed: 1).Intervals!);
    }

    [Fact]
    public void More_games_make_narrower_intervals()
    {
        double Width(int times) => BradleyTerry.Rated(3, [.. D7.Select(g => g with { Count = times * g.Count })], 500, seed: 1).Intervals!.Max(i => i.Upper - i.Lower);

        Assert.InRange(Width(10) / Width(40), 1.6, 2.5); // by the root of four
    }

    [Theory]
    [InlineData("player 2 and player 0, player 1 have not met, not even by way of others", "0:1 1 3", "0:1 0 2")]
    [InlineData("player 1 won everything against player 0", "0:1 0 3")]
    [InlineData("player 1 lost everything against player 0", "0:1 1 3")]
    [InlineData("player 2 won everything against player 0, player 1", "0:1 1 3", "0:1 0 2", "2:0 1 5", "1:2 0 5")]
    public void Where_there_are_no_ratings_the_reason_names_the_players(string reason, params string[] games)
    {
        var parsed = games.Select(g => g.Split(':', ' ')).Select(p => new Game(int.Parse(p[0]), int.Parse(p[1]), double.Parse(p[2]), int.Parse(p[3]))).ToList();
        var players = reason.Contains("player 2", StringComparison.Ordinal) ? 3 : 2;

        var said = BradleyTerry.Reason(players, parsed, i => $"player {i}");

        Assert.Equal(reason, said);
        Assert.Equal(said, Assert.Throws<ArgumentException>(() => BradleyTerry.Strengths(players, parsed)).Message);
    }

    [Fact]
    public void Where_too_many_resamples_have_no_ratings_there_is_no_interval()
    {
        var (ratings, intervals) = BradleyTerry.Rated(2, [new(0, 1, 1, 9), new(0, 1, 0, 1)], 1000, seed: 1); // (9/10)^10 of the resamples have no loss

        Assert.Equal(.9, EloScale.WinRate(ratings[0], ratings[1]), 1e-9);
        Assert.Null(intervals);
    }

    [Fact]
    public void What_is_no_game_is_refused()
    {
        Assert.Throws<ArgumentException>(() => BradleyTerry.Strengths(1, []));
        Assert.Throws<ArgumentException>(() => BradleyTerry.Strengths(2, [new(0, 0, 1)]));
        Assert.Throws<ArgumentException>(() => BradleyTerry.Strengths(2, [new(0, 2, 1)]));
        Assert.Throws<ArgumentException>(() => BradleyTerry.Strengths(2, [new(0, 1, 1.5)]));
        Assert.Throws<ArgumentException>(() => BradleyTerry.Strengths(2, [new(0, 1, 1, 0)]));
    }
}
