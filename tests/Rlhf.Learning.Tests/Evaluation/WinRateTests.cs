using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public class WinRateTests
{
    static double[] Games(int wins, int losses, int ties = 0) =>
        [.. Enumerable.Repeat(1.0, wins), .. Enumerable.Repeat(0.0, losses), .. Enumerable.Repeat(0.5, ties)];

    [Fact]
    public void Ties_count_a_half_with_the_published_standard_errors()
    {
        var rates = WinRates.Of(Games(55, 35, 10));

        Assert.Equal((0.6, 0.046602, 0.046368), (rates.Mean, Math.Round(rates.StandardError, 6), Math.Round(rates.StandardErrorByN, 6)));
        Assert.Throws<ArgumentException>(() => WinRates.Of([1]));
        Assert.Contains("Win rate 1 is 1.5", Assert.Throws<ArgumentException>(() => WinRates.Of([1, 1.5])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sign_test_is_exact()
    {
        Assert.Equal(0.022299, SignTest.OneSided(55, 35), 1e-6);
        Assert.Equal(1, SignTest.OneSided(0, 3), 1e-12);
        Assert.Equal(0.125, SignTest.OneSided(3, 0), 1e-12);
        Assert.Throws<ArgumentException>(() => SignTest.OneSided(0, 0));
    }

    [Theory]
    [InlineData(0.55, 617)]
    [InlineData(0.6, 153)]
    public void A_test_of_fixed_size_needs_the_published_number_of_decisive_comparisons(double rate, int expected) =>
        Assert.Equal(expected, SampleSize.OneSided(rate, alpha: 0.05, power: 0.8));

    [Fact]
    public void Fifty_eight_wins_of_the_side_shown_first_in_a_hundred_are_no_alarm()
    {
        var first = WilsonInterval.Of(58, 100, 0.95);

        Assert.Equal((0.482065, 0.672016), (Math.Round(first.Lower, 6), Math.Round(first.Upper, 6)));
        Assert.InRange(0.5, first.Lower, first.Upper);
    }

    [Fact]
    public void The_length_controlled_probability_is_the_published_one()
    {
        Assert.Equal(0.670847, LengthControlledWinRate.Probability(0.3 + 0.08, 0.5, 0.8), 1e-6);
        Assert.Equal(0.593873, LengthControlledWinRate.Probability(0.3 + 0.08, 0.5, 0), 1e-6);
    }

    /// <summary>Win rates as AlpacaEval's formula has them, each prompt's its exact probability.</summary>
    static (double[] X, double[] Longer) Exact(double theta, double phi, int count = 400)
    {
        double[] longer = [.. Enumerable.Range(0, count).Select(i => 40 + 60 * Math.Sin(i) + 20 * Math.Cos(3 * i))];
        var mean = longer.Average();
        var deviation = Math.Sqrt(longer.Sum(l => (l - mean) * (l - mean)) / (count - 1));
        return ([.. longer.Select(l => LengthControlledWinRate.Probability(theta, phi, l / deviation))], longer);
    }

    [Fact]
    public void The_fit_finds_the_coefficients_that_made_the_win_rates()
    {
        var (x, longer) = Exact(theta: 0.3, phi: 0.5);

        var found = LengthControlledWinRate.Of(x, longer, seed: 1, resamples: 50);

        Assert.Equal((0.3, 0.5), (found.Intercept, found.LengthCoefficient), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-3 && Math.Abs(a.Item2 - b.Item2) < 1e-3);
        Assert.Equal(0.574443, found.Controlled, 1e-3);
        Assert.True(found.Raw > found.Controlled && found.Lower <= found.Controlled && found.Controlled <= found.Upper);
    }

    [Fact]
    public void A_challenger_that_is_preferred_for_its_length_alone_is_not_preferred_at_equal_length()
    {
        var random = new Random(5);
        double[] longer = [.. Enumerable.Range(0, 1500).Select(_ => 30 + 120 * (random.NextDouble() - 0.5))];
        double[] x = [.. longer.Select(l => random.NextDouble() < 1 / (1 + Math.Exp(-0.02 * l)) ? 1.0 : 0.0)];

        var found = LengthControlledWinRate.Of(x, longer, seed: 1, resamples: 300);

        Assert.True(found.Raw > 0.58 && found.Lower < 0.5 && found.Upper > 0.5, $"{found}");
    }

    [Fact]
    public void Rates_that_length_separates_completely_have_finite_figures()
    {
        double[] longer = [.. Enumerable.Range(0, 40).Select(i => i - 20.5)];

        var found = LengthControlledWinRate.Of([.. longer.Select(l => l > 0 ? 1.0 : 0.0)], longer, seed: 1, resamples: 20);

        Assert.True(double.IsFinite(found.Controlled) && double.IsFinite(found.LengthCoefficient) && found.LengthCoefficient > 1);
    }

    [Fact]
    public void Too_few_prompts_or_lengths_that_do_not_differ_are_refused_with_the_reason()
    {
        Assert.Contains("too few", Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of([1, 0], [1, 2], 1, 10)).Message, StringComparison.Ordinal);
        Assert.Contains("nothing tells what length does", Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of(Games(6, 6), [.. Enumerable.Repeat(3.0, 12)], 1, 10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Win_rates_differences_and_resamples_that_are_none_are_refused_by_their_place()
    {
        double[] x = Games(6, 6), longer = [.. Enumerable.Range(0, 12).Select(i => (double)i)];
        string Refused(Action<double[], double[]> spoil, int resamples = 10)
        {
            double[] rates = [.. x], differences = [.. longer];
            spoil(rates, differences);
            return Assert.Throws<ArgumentException>(() => LengthControlledWinRate.Of(rates, differences, 1, resamples)).Message;
        }

        Assert.StartsWith("Win rate 3 is 1.2", Refused((rates, _) => rates[3] = 1.2), StringComparison.Ordinal);
        Assert.StartsWith("Win rate 0 is NaN", Refused((rates, _) => rates[0] = double.NaN), StringComparison.Ordinal);
        Assert.StartsWith("Difference 4 in length is NaN", Refused((_, differences) => differences[4] = double.NaN), StringComparison.Ordinal);
        Assert.StartsWith("0 resamples", Refused((_, _) => { }, resamples: 0), StringComparison.Ordinal);
    }
}
