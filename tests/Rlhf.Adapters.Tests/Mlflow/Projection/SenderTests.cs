using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>The background sender, on a clock of the test's own.</summary>
public sealed class SenderTests : IAsyncLifetime
{
    readonly FakeTimeProvider _time = new(SomeStore.Start);
    readonly ConcurrentQueue<string> _told = new();
    StubMlflow _mlflow = null!;
    SomeStore _store = null!;
    MlflowClient _client = null!;
    TrackingDelivery _delivery = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _mlflow = await StubMlflow.StartAsync();
        _store = new();
        await _store.StartRoundAsync(1, SomeStore.Sft);
        _client = Clients.For(_mlflow.Address, Clients.Patient(retries: 0));
        _delivery = new(_store.Objects, _client, new(), _time);
    }

    public async ValueTask DisposeAsync()
    {
        _delivery.Dispose();
        _client.Dispose();
        await _mlflow.DisposeAsync();
    }

    TrackingSender Begin() => new(_delivery, _time, _told.Enqueue, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));

    [Fact]
    public async Task It_delivers_what_is_committed_while_it_lives()
    {
        await using var sender = Begin();
        await UntilAsync(() => _mlflow.Runs.Count == 2);

        await _store.TrainRewardModelAsync(1, lines: 4);
        await UntilAsync(() => _mlflow.Runs.Count == 3 && _mlflow.Runs[2].Status == "FINISHED");

        Assert.Equal(4, _mlflow.Runs[2].Points.Count);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_of_once_asked_ever_less_often_and_gets_all_once_it_is_back()
    {
        _mlflow.Faults = _ => new Fault.Refuse(503);
        await using var sender = Begin();
        await UntilAsync(() => _mlflow.Requests.Count >= 6);
        var asked = _time.GetUtcNow() - SomeStore.Start;

        _mlflow.Faults = _ => null;
        await UntilAsync(() => _mlflow.Runs.Count == 2 && _told.Count == 2);

        // 10, 20, 40, 80 and 160 s after the first.
        Assert.True(asked >= TimeSpan.FromSeconds(310), $"{asked}");
        Assert.Contains("503", _told.First());
        Assert.Contains("reached again", _told.Last());
    }

    [Fact]
    public async Task The_end_of_a_command_waits_for_its_delivery()
    {
        await using var sender = Begin();

        Assert.True(await sender.FlushAsync(TimeSpan.FromMinutes(1), Token));

        Assert.Equal(2, _mlflow.Runs.Count);
        Assert.False((await _delivery.StatusAsync(Token)).Waiting.Any);
    }

    [Fact]
    public async Task The_end_of_a_command_does_not_wait_for_a_server_that_is_away_nor_for_one_that_never_answers()
    {
        _mlflow.Faults = _ => new Fault.ResetBefore();
        await using var sender = Begin();
        var away = await sender.FlushAsync(TimeSpan.FromMinutes(1), Token);

        _mlflow.Faults = _ => new Fault.Hang();
        var flush = sender.FlushAsync(TimeSpan.FromMinutes(1), Token);
        await UntilAsync(() => flush.IsCompleted);

        Assert.False(away);
        Assert.False(await flush);
        Assert.Contains(_told, t => t.Contains("waits in the store", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broken_store_is_told_of_and_thrown_at_nobody()
    {
        _store.Objects.Before = _ => throw new UnauthorizedAccessException("the store is locked");
        await using var sender = Begin();

        Assert.False(await sender.FlushAsync(TimeSpan.FromMinutes(1), Token));

        Assert.Contains("the store is locked", Assert.Single(_told));
    }

    /// <summary>Lets the clock run until it is so.</summary>
    async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(2, Token);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
