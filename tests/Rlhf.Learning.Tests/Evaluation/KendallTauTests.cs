using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class KendallTauTests
{
    [Theory]
    // Without ties: 5 of 6 pairs agree. By hand.
    [InlineData(new float[] { 1, 2, 3, 4 }, new float[] { 1, 3, 2, 4 }, 4.0 / 6)]
    // Ties in both: C = 2, D = 6, tied in the first alone 1, in the second alone 0, in both 1: −4/√(9·8). By hand; scipy.stats.kendalltau gives −0.4714.
    [InlineData(new float[] { 12, 2, 1, 12, 2 }, new float[] { 1, 4, 7, 1, 0 }, -0.47140452079103173)]
    [InlineData(new float[] { 1, 2, 3 }, new float[] { 3, 2, 1 }, -1)]
    [InlineData(new float[] { 5, 5, 1 }, new float[] { 7, 7, -3 }, 1)]
    public void Worked_numbers(float[] first, float[] second, double tau) => Assert.Equal(tau, KendallTau.Of(first, second), 12);

    [Theory]
    [InlineData(new float[] { 1 }, new float[] { 1 }, "at least two")]
    [InlineData(new float[] { 1, 2 }, new float[] { 1, 2, 3 }, "as many of both")]
    [InlineData(new float[] { 1, float.NaN }, new float[] { 1, 2 }, "A score is NaN")]
    [InlineData(new float[] { 1, 1 }, new float[] { 1, 2 }, "are the same")]
    public void What_has_no_order_is_refused(float[] first, float[] second, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<ArgumentException>(() => KendallTau.Of(first, second)).Message, StringComparison.Ordinal);
}
