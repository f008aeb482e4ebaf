using Rlhf.Pipeline.Scoring;

namespace Rlhf.Pipeline.Tests.Scoring;

public sealed class CoresTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Passes_never_take_more_cores_than_there_are_and_each_computes_on_as_many_as_it_took()
    {
        var used = new ThreadLocal<int>();
        var cores = new Cores(4, count => used.Value = count);
        var (now, most, passes, together) = (0, 0, 0, 0);
        var gate = new Lock();

        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => cores.Compute(1 + i % 4, () =>
        {
            lock (gate) (most, together) = (Math.Max(most, now += 1 + i % 4), Math.Max(together, ++passes));
            Assert.Equal(1 + i % 4, used.Value);
            Thread.SpinWait(50_000);
            lock (gate) (now, passes) = (now - 1 - i % 4, passes - 1);
        }), Token)));

        Assert.Equal(0, now);
        Assert.Equal(4, most);
    }

    [Fact]
    public async Task Who_takes_all_cores_is_not_passed_by_for_ever()
    {
        var cores = new Cores(2, _ => { });
        using var stop = new CancellationTokenSource();
        var others = Enumerable.Range(0, 2).Select(_ => Task.Run(() => { while (!stop.IsCancellationRequested) cores.Compute(1, () => Thread.SpinWait(50_000)); }, Token)).ToList();

        await Task.Run(() => cores.Compute(2, () => { }), Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

        await stop.CancelAsync();
        await Task.WhenAll(others);
    }

    [Fact]
    public async Task A_pass_that_fails_gives_its_cores_back()
    {
        var cores = new Cores(1, _ => { });

        Assert.Throws<InvalidDataException>(() => cores.Compute(1, () => throw new InvalidDataException()));

        await Task.Run(() => cores.Compute(1, () => { }), Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
    }
}
