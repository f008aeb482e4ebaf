using Rlhf.Learning.Native;
using static Rlhf.Learning.Native.Scalars;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Native;

public class ScalarsTests
{
    [Fact]
    public async Task A_number_outlives_its_native_call_however_often_other_threads_collect()
    {
        using var ended = new CancellationTokenSource();
        var collector = Task.Run(() =>
        {
            while (!ended.IsCancellationRequested) GC.Collect(0);
        }, TestContext.Current.CancellationToken);

        var sums = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            using var x = ones(64);
            var sum = 0.0;
            for (var i = 0; i < 20_000; i++)
            {
                using var scope = NewDisposeScope();
                sum += x.mul(Number(0.5)).PlusInPlace(Number(2L)).add_(x, alpha: Number(-1.5)).clamp_(Number(-1.0), Number(1.0)).sum().Value();
            }
            return sum;
        }, TestContext.Current.CancellationToken)));
        await ended.CancelAsync();
        await collector;

        Assert.All(sums, sum => Assert.Equal(20_000 * 64.0, sum));
    }

    [Fact]
    public void More_numbers_than_are_kept_are_each_what_they_were_when_they_were_used()
    {
        using var x = ones(1);

        for (var i = 0; i < 3 * Kept; i++)
        {
            using var scope = NewDisposeScope();
            Assert.Equal(i, x.mul(Number((long)i)).Value());
        }
    }

    [Fact]
    public void A_range_counts_from_zero()
    {
        using var range = Range(4);

        Assert.Equal([0L, 1, 2, 3], range.data<long>().ToArray());
    }
}
