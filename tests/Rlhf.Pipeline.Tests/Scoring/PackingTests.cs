using Rlhf.Pipeline.Scoring;

namespace Rlhf.Pipeline.Tests.Scoring;

public sealed class PackingTests
{
    static string Passes(int[] lengths, int budget, double overhead) => string.Join(" ", Packing.Passes(lengths, budget, overhead).Select(r => string.Join("+", lengths[r])));

    [Theory]
    [InlineData(0, "10 10+10 90 100")] // any pass of different lengths would compute padding
    [InlineData(15, "10+10+10 90+100")] // two passes less are worth the ten tokens of padding
    [InlineData(1000, "10+10+10+90+100")]
    public void A_pass_is_saved_where_its_overhead_is_more_than_the_padding(double overhead, string expected)
    {
        var found = Passes([10, 10, 10, 90, 100], 10_000, overhead);

        // Without overhead equal lengths may stand together or apart.
        if (overhead == 0) Assert.Equal(0, Packing.Passes([10, 10, 10, 90, 100], 10_000, 0).Sum(r => Padding([10, 10, 10, 90, 100], r)));
        else Assert.Equal(expected, found);
    }

    [Fact]
    public void No_pass_is_over_the_budget_but_a_text_that_is_alone()
    {
        Assert.Equal("10+10 20 200", Passes([10, 10, 20, 200], 40, 1000));
        Assert.Equal("10+10+20 200", Passes([10, 10, 20, 200], 60, 1000));
    }

    [Fact]
    public void Nothing_makes_no_pass() => Assert.Empty(Packing.Passes([], 100, 1));

    static int Padding(int[] lengths, Range range) => lengths[range].Sum(l => lengths[range].Max() - l);
}
