using Rlhf.Learning.Randomness;
using Rlhf.Learning.Selection;

namespace Rlhf.Learning.Tests.Selection;

public sealed class SelectionTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static readonly float[][] Blobs = [.. Enumerable.Range(0, 90).Select(i => new[]
    {
        (float)(10 * (i % 3) + CounterRandom.Normal(1, 0, 0, (uint)i)), (float)(i % 3 == 1 ? 10 + CounterRandom.Normal(1, 1, 0, (uint)i) : CounterRandom.Normal(1, 1, 0, (uint)i)),
    })];

    [Fact]
    public void Points_that_lie_in_three_places_are_three_clusters_whatever_the_seed()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var clusters = KMeans.Of(Blobs, 3, seed, Token);

            var ofBlob = Enumerable.Range(0, 3).Select(b => clusters.Where((_, i) => i % 3 == b).Distinct().ToList()).ToList();
            Assert.All(ofBlob, c => Assert.Single(c));
            Assert.Equal(3, ofBlob.Select(c => c[0]).Distinct().Count());
            Assert.Equal(clusters, KMeans.Of(Blobs, 3, seed, Token));
        }
    }

    [Fact]
    public void More_clusters_than_points_are_as_many_as_points_and_equal_points_share_one()
    {
        Assert.Equal(2, KMeans.Of([[0f], [5f]], 10, 1, Token).Distinct().Count());
        Assert.Single(KMeans.Of([[1f, 2f], [1f, 2f], [1f, 2f]], 2, 1, Token).Distinct());
        Assert.Throws<ArgumentException>(() => KMeans.Of([], 2, 1, Token));
        Assert.Throws<ArgumentException>(() => KMeans.Of(Blobs, 0, 1, Token));
    }

    [Fact]
    public void Members_that_agree_leave_nothing_to_learn_and_members_that_are_opposed_most()
    {
        Assert.Equal(0, Acquisition.Disagreement([2, 2, 2]), 12);
        Assert.Equal(0, Acquisition.InformationGain([0, 0, 0]), 12); // all expect noise: an answer tells nothing
        Assert.Equal(Math.Log(2), Acquisition.InformationGain([50, -50]), 9);
        Assert.Equal(0.5, Acquisition.Disagreement([50, -50]), 9);
        Assert.Equal(-1, Acquisition.SmallGap([3, -1]), 12);
        Assert.True(Acquisition.InformationGain([2, -2]) > Acquisition.InformationGain([1, -1]));
        Assert.Throws<ArgumentException>(() => Acquisition.Disagreement([1]));
        Assert.Throws<ArgumentException>(() => Acquisition.InformationGain([1]));
    }

    [Fact]
    public void A_worked_number_of_the_information_gain()
    {
        // p = 0.8 and 0.4: H(0.6) − (H(0.8) + H(0.4))/2 = 0.6730117 − (0.5004024 + 0.6730117)/2
        Assert.Equal(0.0863046, Acquisition.InformationGain([Math.Log(4), Math.Log(2.0 / 3)]), 6);
    }

    [Fact]
    public void A_budget_is_given_out_whole_and_no_group_gets_more_than_it_has()
    {
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            int[] sizes = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(0, 40))];
            var budget = random.Next(0, 300);

            var quotas = Quotas.ByRoot(sizes, budget);

            Assert.Equal(Math.Min(budget, sizes.Sum()), quotas.Sum());
            Assert.All(quotas.Zip(sizes), q => Assert.InRange(q.First, 0, q.Second));
        }
    }

    [Fact]
    public void Small_groups_get_more_than_their_share()
    {
        var quotas = Quotas.ByRoot([900, 100], 80);

        Assert.Equal([60, 20], quotas); // 30 : 10, not 9 : 1
    }

    [Fact]
    public void A_picture_shows_points_along_their_widest_spread()
    {
        var points = Enumerable.Range(0, 50).Select(i => new float[] { 0.1f * (i % 2), i, 0.3f * (i % 5) }).ToList();

        var plane = PrincipalPlane.Of(points);

        Assert.True(Enumerable.Range(1, 49).All(i => Math.Sign(plane[i].X - plane[i - 1].X) == Math.Sign(plane[1].X - plane[0].X)));
        Assert.All(PrincipalPlane.Of([[1f, 1f], [1f, 1f]]), p => Assert.Equal((0.0, 0.0), p));
    }
}
