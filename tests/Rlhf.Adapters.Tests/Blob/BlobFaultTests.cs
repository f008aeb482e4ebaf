using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Blob;

/// <summary>What a proxy before the service makes go wrong, at every request of an upload and a download.</summary>
public sealed class BlobFaultTests
{
    const string Name = "blobs/sha256/ab/ab12";
    static readonly BlobOptions NoRetries = SomeBlobs.Small with { Resilience = SomeBlobs.Small.Resilience with { Retries = 0 } };

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> CutUploads()
    {
        var all = new TheoryData<string, int>();
        foreach (var fault in new[] { "before", "within", "after" })
        {
            // A small object's one request; the block list, five blocks and the commit of a larger one; renewals of either.
            all.Add(fault, 700);
            all.Add(fault, 4500);
        }
        return all;
    }

    [Theory]
    [MemberData(nameof(CutUploads))]
    public async Task A_connection_lost_at_any_request_of_an_upload_changes_nothing(string fault, int size)
    {
        var blobs = await SomeBlobs.NewAsync();
        var content = SomeBlobs.Bytes(size);
        var requests = size <= 1000 ? 1 : 7;
        for (var k = 0; k < requests; k++)
        {
            var name = $"{Name}{k}";
            await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (number, _) => number == k ? Cut(fault) : null);

            var created = await blobs.Store(port: proxy.Port).TryCreateAsync(name, content, Token);

            Assert.True(created);
            Assert.True(proxy.Requests.Count > requests);
            Assert.Equal(content, await blobs.Store().ReadAsync(name, Token));
            Assert.False(await blobs.Store().TryCreateAsync(name, content, Token));
        }
    }

    [Fact]
    public async Task Every_request_lost_once_still_makes_one_winner_of_many_writers()
    {
        var blobs = await SomeBlobs.NewAsync();
        var lost = 0;
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, _) => Interlocked.Increment(ref lost) % 3 == 0 ? new BlobFault.CutAfter() : null);

        var won = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => blobs.Store(port: proxy.Port).TryCreateAsync(Name, SomeBlobs.Bytes(1500, (uint)i), Token))));

        var winner = Assert.Single(Enumerable.Range(0, 12), i => won[i]);
        Assert.Equal(SomeBlobs.Bytes(1500, (uint)winner), await blobs.Store().ReadAsync(Name, Token));
    }

    [Fact]
    public async Task The_winner_whose_answer_was_lost_knows_itself_even_after_another_writer_renewed_its_object()
    {
        var blobs = await SomeBlobs.NewAsync();
        bool? other = null;
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (number, _) =>
        {
            if (number == 1) other = Task.Run(() => blobs.Store().TryCreateAsync(Name, SomeBlobs.Bytes(10, 2), Token)).Result;
            return number == 0 ? new BlobFault.CutAfter() : null;
        });

        var mine = await blobs.Store(port: proxy.Port).TryCreateAsync(Name, SomeBlobs.Bytes(10), Token);

        Assert.True(mine);
        Assert.False(other);
    }

    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("499")]
    public async Task A_connection_lost_at_any_request_of_a_download_is_gone_on_with(string fault)
    {
        var blobs = await SomeBlobs.NewAsync();
        var content = SomeBlobs.Bytes(4500);
        await blobs.Store().TryCreateAsync(Name, content, Token);
        for (var k = 0; k < 5; k++)
        {
            await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (number, _) => number == k ? Cut(fault) : null);

            var read = await blobs.Store(port: proxy.Port).ReadAsync(Name, Token);

            Assert.Equal(content, read);
            Assert.Equal(6, proxy.Requests.Count);
        }
    }

    [Fact]
    public async Task A_download_cut_again_and_again_gets_through_piece_by_piece()
    {
        var blobs = await SomeBlobs.NewAsync();
        var content = SomeBlobs.Bytes(4500);
        await blobs.Store().TryCreateAsync(Name, content, Token);
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, _) => new BlobFault.CutAnswer(400));

        var read = await blobs.Store(port: proxy.Port).ReadAsync(Name, Token);

        Assert.Equal(content, read);
    }

    [Theory]
    [InlineData(1, 12)]
    // The first failure ends the others' requests, wherever they are: the service may take such a block, now or later.
    [InlineData(4, 9)]
    public async Task An_upload_that_was_stopped_is_finished_by_another_process_with_the_missing_blocks_only(int atOnce, int leastStaged)
    {
        var blobs = await SomeBlobs.NewAsync();
        var content = SomeBlobs.Bytes(20_000);
        var sent = 0;
        await using var first = await FaultyProxy.StartAsync(
            blobs.Port, (_, name) => name == "PUT block" && Interlocked.Increment(ref sent) > 12 ? new BlobFault.CutBefore() : null);
        await using var second = await FaultyProxy.StartAsync(blobs.Port, (_, _) => null);

        await Assert.ThrowsAsync<IOException>(() => blobs.Store(NoRetries with { Parallel = atOnce }, first.Port).TryCreateAsync(Name, content, Token));
        var visible = await blobs.Store().OpenAsync(Name, Token);
        var created = await blobs.Store(port: second.Port).TryCreateAsync(Name, content, Token);

        Assert.Null(visible);
        Assert.True(created);
        Assert.InRange(second.Requests.Count(r => r == "PUT block"), 20 - 12, 20 - leastStaged);
        Assert.Equal(content, await blobs.Store().ReadAsync(Name, Token));
    }

    [Fact]
    public async Task Blocks_of_another_content_under_the_same_name_are_not_taken_for_ones_own()
    {
        var blobs = await SomeBlobs.NewAsync();
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, name) => name == "PUT blocklist" ? new BlobFault.CutBefore() : null);
        await Assert.ThrowsAsync<IOException>(() => blobs.Store(NoRetries, proxy.Port).TryCreateAsync(Name, SomeBlobs.Bytes(5000, 2), Token));

        var created = await blobs.Store().TryCreateAsync(Name, SomeBlobs.Bytes(5000), Token);

        Assert.True(created);
        Assert.Equal(SomeBlobs.Bytes(5000), await blobs.Store().ReadAsync(Name, Token));
    }

    [Fact]
    public async Task Blocks_that_another_writers_commit_took_away_and_whose_object_was_then_removed_are_sent_again()
    {
        var blobs = await SomeBlobs.NewAsync();
        var disturbed = 0;
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, name) =>
        {
            if (name == "PUT blocklist" && Interlocked.Increment(ref disturbed) == 1)
            {
                Task.Run(async () =>
                {
                    await blobs.Store().TryCreateAsync(Name, SomeBlobs.Bytes(1500, 2), Token);
                    await blobs.Store().DeleteAsync(Name, Token);
                }).Wait();
            }
            return null;
        });

        var created = await blobs.Store(port: proxy.Port).TryCreateAsync(Name, SomeBlobs.Bytes(5000), Token);

        Assert.True(created);
        Assert.Equal(2, disturbed);
        Assert.Equal(SomeBlobs.Bytes(5000), await blobs.Store().ReadAsync(Name, Token));
    }

    [Fact]
    public async Task A_listing_is_gone_on_with()
    {
        var blobs = await SomeBlobs.NewAsync();
        await blobs.Store().TryCreateAsync("a/b", SomeBlobs.Bytes(1), Token);
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (number, _) => number switch { 0 => new BlobFault.CutAnswer(100), 1 => new BlobFault.Answer(500), _ => null });

        Assert.Equal(["a/b"], await blobs.Store(port: proxy.Port).ListAsync("a/", Token));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_busy_service_is_left_alone_for_as_long_as_it_asks(int status)
    {
        var blobs = await SomeBlobs.NewAsync();
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (number, _) => number == 0 ? new BlobFault.Answer(status, "1") : null);
        var start = TimeProvider.System.GetTimestamp();

        await blobs.Store(port: proxy.Port).TryCreateAsync(Name, SomeBlobs.Bytes(10), Token);

        Assert.Equal(["PUT", "PUT"], proxy.Requests);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 0.99, 60);
    }

    [Fact]
    public async Task A_service_that_stays_busy_is_named_after_the_last_retry()
    {
        var blobs = await SomeBlobs.NewAsync();
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, _) => new BlobFault.Answer(503));
        var store = blobs.Store(SomeBlobs.Small with { Resilience = SomeBlobs.Small.Resilience with { Retries = 3 } }, proxy.Port);

        var error = await Assert.ThrowsAsync<IOException>(() => store.TryCreateAsync(Name, SomeBlobs.Bytes(10), Token));

        Assert.Equal(4, proxy.Requests.Count);
        Assert.Contains($"'{Name}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("busy (503 ServerBusy)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_retention_policy_keeps_is_not_removed_and_hinders_nobody()
    {
        var blobs = await SomeBlobs.NewAsync();
        await blobs.Store().TryCreateAsync(Name, SomeBlobs.Bytes(10), Token);
        await using var proxy = await FaultyProxy.StartAsync(
            blobs.Port, (_, name) => name is "DELETE" or "PUT metadata" ? new BlobFault.Answer(409, Code: "BlobImmutableDueToPolicy") : null);
        var store = blobs.Store(port: proxy.Port);
        var seen = Assert.Single(await store.EntriesAsync("blobs/", Token));

        var created = await store.TryCreateAsync(Name, SomeBlobs.Bytes(10), Token);
        await store.DeleteAsync(Name, Token);
        var removed = await store.TryDeleteAsync(seen, Token);

        Assert.Equal((false, false), (created, removed));
        Assert.Equal(SomeBlobs.Bytes(10), await store.ReadAsync(Name, Token));
    }

    static BlobFault Cut(string fault) => fault switch
    {
        "before" => new BlobFault.CutBefore(),
        "within" => new BlobFault.CutWithin(),
        "after" => new BlobFault.CutAfter(),
        _ => new BlobFault.CutAnswer(int.Parse(fault)),
    };
}
