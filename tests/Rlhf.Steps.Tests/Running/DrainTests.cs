using System.Text;
using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Running;

public sealed class DrainTests : IDisposable
{
    readonly TemporaryStore _store = new();
    readonly CancellationTokenSource _drain = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _drain.Dispose();
    }

    Task<StepResult> Run(IStep step, int epoch, CancellationToken drain) =>
        // The long interval: without a drain nothing would be saved at all.
        new StepRunner([step], _store.Objects, TimeProvider.System, new Dictionary<string, object>(), TimeSpan.FromHours(1))
            .RunAsync("Multiply", Some.Values(("number", 1)), Some.Execution() with { Epoch = epoch }, null, Token, drain);

    [Fact]
    public async Task A_step_hands_over_at_its_next_checkpoint_and_another_worker_ends_it()
    {
        var done = new List<int>();
        var step = new Some.Step(StepKind.Effectful, async (_, _, context) =>
        {
            var start = await context.Checkpoints.LoadAsync(Token) is { } checkpoint ? int.Parse(Encoding.ASCII.GetString(checkpoint.Bytes())) : 0;
            for (var n = start + 1; n <= 6; n++)
            {
                done.Add(n);
                if (n == 3) await _drain.CancelAsync();
                if (context.Checkpoints.Due) await context.Checkpoints.SaveAsync(n, new Dictionary<string, byte[]> { ["n"] = Encoding.ASCII.GetBytes($"{n}") }, Token);
            }
            return Some.Step.Done(start);
        });

        // By way of the pool, as a driver does: the exception keeps its type.
        await Assert.ThrowsAsync<StepDrainedException>(() => Task.Run(() => Run(step, 1, _drain.Token), Token));
        var result = Assert.IsType<StepResult.Completed>(await Run(step, 2, Token));

        Assert.Equal([1, 2, 3, 4, 5, 6], done);
        Assert.Equal(3, result.Outputs["product"]!.GetValue<long>());
        Assert.Empty(_store.Files("checkpoints"));
    }

    [Fact]
    public async Task A_step_without_checkpoints_goes_on_to_its_end()
    {
        await _drain.CancelAsync();

        Assert.IsType<StepResult.Completed>(await Run(Some.PureStep(), 1, _drain.Token));
    }

    [Fact]
    public async Task An_epoch_below_zero_is_refused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Run(Some.PureStep(), -1, Token));

    [Fact]
    public void A_loop_that_reads_as_one_expression_ends_at_the_item_after_the_cancel()
    {
        using var cancel = new CancellationTokenSource();
        var seen = new List<int>();

        Assert.Throws<OperationCanceledException>(() => Enumerable.Range(1, 9).Until(cancel.Token).Select(n =>
        {
            if (n == 4) cancel.Cancel();
            seen.Add(n);
            return n;
        }).ToList());

        Assert.Equal([1, 2, 3, 4], seen);
    }
}
