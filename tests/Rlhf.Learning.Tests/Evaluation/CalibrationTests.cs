using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class CalibrationTests
{
    [Fact]
    public void A10_expected_calibration_error_brier_and_likelihood()
    {
        double[] probabilities = [.95, .9, .85, .65, .6, .55], outcomes = [1, 1, 0, 1, 0, 1];

        var calibration = Calibration.Of([.. probabilities.Select(LogOdds)], outcomes);

        Assert.Equal(.283333, calibration.ExpectedCalibrationError, 1e-6);
        Assert.Equal(.236667, calibration.Brier, 1e-6);
        Assert.Equal(.666447, calibration.NegativeLogLikelihood, 1e-6);
        Assert.Equal([(.5, 1), (.6, 2), (.8, 1), (.9, 2)], calibration.Bins.Select(b => (b.Lower, b.Count)));
    }

    [Fact]
    public void A10_expected_calibration_error_of_two_bins()
    {
        double[] margins = [.. Enumerable.Repeat(LogOdds(.9), 10), .. Enumerable.Repeat(LogOdds(.6), 10)];
        var outcomes = Enumerable.Range(0, 20).Select(i => i is < 9 or >= 10 and < 13 ? 1.0 : 0.0).ToList();

        var calibration = Calibration.Of(margins, outcomes);

        Assert.Equal(.15, calibration.ExpectedCalibrationError, 1e-6);
        Assert.Equal([.9, .3], calibration.Bins.OrderByDescending(b => b.Confidence).Select(b => b.Frequency));
    }

    [Fact]
    public void A13_temperature_recalibration()
    {
        var calibration = Calibration.Of([.8, -.8, 3, .2], [1, 1, 1, 0]);

        Assert.Equal(1.425, calibration.Temperature.Value, 5e-4);
        Assert.Equal(.5972, calibration.NegativeLogLikelihood, 5e-5);
        Assert.Equal(.5862, calibration.Temperature.NegativeLogLikelihood, 5e-5);
    }

    [Fact]
    public void Which_side_of_a_pair_stands_first_changes_nothing()
    {
        double[] margins = [1.2, -.4, .7, -2.5, 0], outcomes = [1, .8, 0, .3, .6];

        var one = Calibration.Of(margins, outcomes);
        var other = Calibration.Of([.. margins.Select(m => -m)], [.. outcomes.Select(y => 1 - y)]);

        Assert.Equal(one.ExpectedCalibrationError, other.ExpectedCalibrationError, 1e-12);
        Assert.Equal(one.Brier, other.Brier, 1e-12);
        Assert.Equal(one.NegativeLogLikelihood, other.NegativeLogLikelihood, 1e-12);
        Assert.Equal(one.Temperature.Value, other.Temperature.Value, 1e-6);
    }

    [Fact]
    public void A_fitted_temperature_is_where_the_loss_is_lowest()
    {
        double[] margins = [2, -1.5, .3, 4, -.2, 1], outcomes = [1, 1, 0, 1, .5, 1];
        var fitted = Temperature.Fit(margins, outcomes);

        Assert.All([.9, .999, 1.001, 1.1], factor => Assert.True(fitted.NegativeLogLikelihood
            < Calibration.Of([.. margins.Select(m => m / (fitted.Value * factor))], outcomes).NegativeLogLikelihood));
    }

    [Theory]
    [InlineData(.5, .01)]
    [InlineData(-.5, 100)]
    public void A_model_that_is_never_or_always_wrong_gets_an_end_of_the_range(double margin, double temperature) =>
        Assert.Equal(temperature, Temperature.Fit([margin, 3 * margin]).Value, temperature * 1e-5);

    [Fact]
    public void Margins_of_any_size_have_a_finite_likelihood() =>
        Assert.Equal(500, Calibration.Of([-1000, 1000]).NegativeLogLikelihood, 1e-9);

    [Fact]
    public void A_tie_counts_half_as_accurate() => Assert.Equal(.625, Margins.Accuracy([1, 2, 0, -1]));

    [Fact]
    public void What_is_no_margin_or_probability_is_refused_by_its_place()
    {
        Assert.Contains("margin of pair 1 is NaN", Assert.Throws<ArgumentException>(() => Calibration.Of([1, double.NaN])).Message);
        Assert.Contains("probability of pair 0 is 1.5", Assert.Throws<ArgumentException>(() => Calibration.Of([1], [1.5])).Message);
        Assert.Throws<ArgumentException>(() => Calibration.Of([]));
        Assert.Throws<ArgumentException>(() => Calibration.Of([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => Calibration.Of([1], bins: 0));
    }

    static double LogOdds(double p) => Math.Log(p / (1 - p));
}
