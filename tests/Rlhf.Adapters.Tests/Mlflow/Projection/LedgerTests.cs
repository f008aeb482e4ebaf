using Microsoft.Extensions.Time.Testing;
using Rlhf.Adapters.Mlflow.Projection;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Tests.Mlflow.Projection;

/// <summary>Who delivers, and what was acknowledged.</summary>
public class LedgerTests
{
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    readonly MemoryObjects _objects = new();
    readonly FakeTimeProvider _time = new(SomeStore.Start);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    DeliveryLedger Ledger() => new(_objects, "there", _time);

    [Fact]
    public async Task A_place_has_one_sender_until_its_lease_is_over()
    {
        var (first, _) = await Ledger().TakeAsync("run-1", Minute, Token);
        var second = Ledger();
        var (early, holder) = await second.TakeAsync("run-1", Minute, Token);
        _time.Advance(Minute + TimeSpan.FromSeconds(1));
        var (late, _) = await second.TakeAsync("run-1", Minute, Token);

        Assert.NotNull(first);
        Assert.Null(early);
        Assert.Equal(SomeStore.Start + Minute, holder.Until);
        Assert.NotNull(late);
        await Assert.ThrowsAsync<LeaseLostException>(() => first.AcknowledgeAsync("k", new("r", 1), Token));
    }

    [Fact]
    public async Task What_was_acknowledged_is_known_to_the_next_sender_and_only_one_entry_stays()
    {
        var (first, _) = await Ledger().TakeAsync("run-1", Minute, Token);
        await first!.AcknowledgeAsync("a", new("r1", 1000), Token);
        await first.AcknowledgeAsync("b", new("r2", 0, "f"), Token);
        await first.AcknowledgeAsync("a", null, Token);
        await first.ReleaseAsync();

        var (next, _) = await Ledger().TakeAsync("run-1", Minute, Token);

        Assert.Null(next!.Of("a"));
        Assert.Equal(new("r2", 0, "f"), next.Of("b"));
        Assert.Equal(new("r2", 0, "f"), (await Ledger().ReadAsync(Token))["run-1"].Runs["b"]);
        Assert.Single(await _objects.ListAsync("tracking/", Token));
    }

    [Fact]
    public async Task A_sender_that_slept_does_not_come_back_under_a_number_that_was_used_and_removed()
    {
        var (slow, _) = await Ledger().TakeAsync("run-1", Minute, Token);
        _time.Advance(Minute * 2);
        var (other, _) = await Ledger().TakeAsync("run-1", Minute, Token);
        await other!.AcknowledgeAsync("k", new("r", 1), Token);
        await other.AcknowledgeAsync("k", new("r", 2), Token);

        // Its next number is free again, since the other one removed what it had superseded.
        await Assert.ThrowsAsync<LeaseLostException>(() => slow!.AcknowledgeAsync("k", new("r", 9), Token));

        await other.AcknowledgeAsync("k", new("r", 3), Token);
        Assert.Equal(3, (await Ledger().ReadAsync(Token))["run-1"].Runs["k"].Lines);
    }

    [Fact]
    public async Task Of_many_that_take_a_place_at_once_one_has_it()
    {
        for (var round = 0; round < 50; round++)
        {
            var place = $"run-{round}";
            var leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => (await Ledger().TakeAsync(place, Minute, Token)).Lease, Token)));

            Assert.Single(leases, l => l is not null);
        }
    }

    [Fact]
    public async Task A_lease_is_extended_once_a_third_of_it_has_passed()
    {
        var (lease, _) = await Ledger().TakeAsync("run-1", Minute, Token);
        await lease!.KeepAsync(Token);
        var early = (await Ledger().ReadAsync(Token))["run-1"].Until;
        _time.Advance(TimeSpan.FromSeconds(21));

        await lease.KeepAsync(Token);

        Assert.Equal(SomeStore.Start + Minute, early);
        Assert.Equal(_time.GetUtcNow() + Minute, (await Ledger().ReadAsync(Token))["run-1"].Until);
    }
}
