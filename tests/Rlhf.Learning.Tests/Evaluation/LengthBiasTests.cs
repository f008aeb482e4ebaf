using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class LengthBiasTests
{
    [Fact]
    public void A11_correlation_slope_and_residuals()
    {
        var bias = LengthBias.Of([10, 20, 30, 40], [.1, .5, .4, 1]);

        Assert.Equal(.897085, bias.Correlation, 1e-6);
        Assert.Equal(.026, bias.Slope, 1e-12);
        Assert.Equal([-.01, .13, -.23, .11], bias.Residuals.Select(r => Math.Round(r, 12)));
    }

    [Fact]
    public void Residuals_do_not_go_with_length()
    {
        double[] lengths = [3, 8, 21, 22, 60];

        var bias = LengthBias.Of(lengths, LengthBias.Of(lengths, [.3, -1, 2, .4, 1.5]).Residuals);

        Assert.Equal(0, bias.Correlation, 1e-12);
    }

    [Fact]
    public void Where_nothing_varies_there_is_no_correlation()
    {
        Assert.Throws<ArgumentException>(() => LengthBias.Of([5, 5], [1, 2]));
        Assert.Throws<ArgumentException>(() => LengthBias.Of([5, 6], [1, 1]));
        Assert.Throws<ArgumentException>(() => LengthBias.Of([5, 6], [1]));
        Assert.Throws<ArgumentException>(() => LengthBias.Of([5], [1]));
        Assert.Throws<ArgumentException>(() => LengthBias.Of([5, 6], [1, double.NaN]));
    }
}
