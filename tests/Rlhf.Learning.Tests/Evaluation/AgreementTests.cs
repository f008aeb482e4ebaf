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
