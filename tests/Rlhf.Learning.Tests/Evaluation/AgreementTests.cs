using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class AgreementTests
{
    [Fact]
    public void D6_cohens_kappa()
    {
        var agreement = Agreement.Of([
            .. Enumerable.Repeat(('a', 'a'), 20), .. Enumerable.Repeat(('a', 'b'), 5),
            .. Enumerable.Repeat(('b', 'a'), 10), .. Enumerable.Repeat(('b', 'b'), 15)]);

        Assert.Equal(.4, agreement.CohenKappa, 1e-12);
        Assert.Equal(.7, agreement.Share, 1e-12);
        Assert.Equal(.129615, agreement.KappaStandardError, 1e-6); // √(0.7 · 0.3 / 50) / (1 − 0.5)
    }

    [Fact]
    public void D6_fleiss_kappa()
    {
        var agreement = FleissKappa.Of([[3, 0, 0], [2, 1, 0], [0, 3, 0], [1, 1, 1]]);

        Assert.Equal(.583333, agreement.Share, 1e-6);
        Assert.Equal(.430556, agreement.ByChance, 1e-6);
        Assert.Equal(.268293, agreement.Kappa, 1e-6);
    }

    [Fact]
    public void D6_krippendorffs_alpha()
    {
        string[] units = ["AAA", "AB", "BBB", "AA", "TBT", "A"];

        var nominal = KrippendorffAlpha.Nominal([.. units.Select(u => u.Select(c => "ATB".IndexOf(c, StringComparison.Ordinal)).ToList())]);
        var interval = KrippendorffAlpha.Interval([.. units.Select(u => u.Select(c => 1.0 - "ATB".IndexOf(c, StringComparison.Ordinal)).ToList())]);

        Assert.Equal(13, nominal.Judgements);
        Assert.Equal(.307692, nominal.Observed, 1e-6);
        Assert.Equal(.666667, nominal.ByChance, 1e-6);
        Assert.Equal(.538462, nominal.Alpha, 1e-6);
        Assert.Equal(.577465, interval.Alpha, 1e-6);
    }

    [Fact]
    public void What_nobody_judged_twice_or_everybody_judged_alike_has_no_agreement_of_many()
    {
        Assert.Throws<ArgumentException>(() => FleissKappa.Of([[1, 0, 0], [0, 0, 1]]));
        Assert.Contains("All 4 judgements", Assert.Throws<ArgumentException>(() => FleissKappa.Of([[2, 0, 0], [2, 0, 0]])).Message);
        Assert.Throws<ArgumentException>(() => KrippendorffAlpha.Nominal([[1], [2]]));
        Assert.Contains("All 4 judgements are '1'", Assert.Throws<ArgumentException>(() => KrippendorffAlpha.Nominal([[1, 1], [1, 1]])).Message);
    }

    [Fact]
    public void Agreement_that_chance_gives_is_no_agreement() =>
        Assert.Equal(0, Agreement.Of([(1, 1), (1, 2), (2, 1), (2, 2)]).CohenKappa, 1e-12);

    [Fact]
    public void Where_only_one_category_is_used_kappa_is_undefined()
    {
        Assert.Contains("'tie'", Assert.Throws<ArgumentException>(() => Agreement.Of([("tie", "tie"), ("tie", "tie")])).Message);
        Assert.Throws<ArgumentException>(() => Agreement.Of<string>([]));
    }
}
