using System.Text;
using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Blob;

public sealed class BlobObjectStoreTests
{
    const string Name = "aliases/sandbox/c/champion/000001.json";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(25_500)]
    public async Task What_was_written_is_read(int size)
    {
        var store = (await SomeBlobs.NewAsync()).Store();
        var content = SomeBlobs.Bytes(size);

        var created = await store.TryCreateAsync("blobs/sha256/ab/ab12", content, Token);

        Assert.True(created);
        Assert.Equal(content, await store.ReadAsync("blobs/sha256/ab/ab12", Token));
    }

    [Fact]
    public async Task What_stands_before_the_content_in_its_stream_is_left_out()
    {
        var store = (await SomeBlobs.NewAsync()).Store();
        using var content = new MemoryStream(SomeBlobs.Bytes(5000)) { Position = 1500 };

        await store.TryCreateAsync("a/b", content, Token);

        Assert.Equal(SomeBlobs.Bytes(5000)[1500..], await store.ReadAsync("a/b", Token));
    }

    [Fact]
    public async Task A_missing_object_is_null_and_its_removal_no_error()
    {
        var store = (await SomeBlobs.NewAsync()).Store();

        await store.DeleteAsync("a/b", Token);

        Assert.Null(await store.OpenAsync("a/b", Token));
        Assert.Empty(await store.EntriesAsync("a/", Token));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3500)]
    public async Task Of_many_writers_of_one_name_exactly_one_wins_and_its_content_stays(int size)
    {
        var blobs = await SomeBlobs.NewAsync();
        var contents = Enumerable.Range(0, 30).Select(i => SomeBlobs.Bytes(size, (uint)i)).ToList();

        var won = await Task.WhenAll(contents.Select(c => Task.Run(() => blobs.Store().TryCreateAsync(Name, c, Token))));

        var winner = Assert.Single(Enumerable.Range(0, 30), i => won[i]);
        Assert.Equal(contents[winner], await blobs.Store().ReadAsync(Name, Token));
    }

    [Fact]
    public async Task Entries_are_listed_in_ordinal_order_with_size_and_time_across_pages()
    {
        var blobs = await SomeBlobs.NewAsync();
        var store = blobs.Store(SomeBlobs.Small with { PageSize = 4 });
        string[] names = ["steps/b", "steps/B", "steps/a/z", "steps/a.json", "steps2/a", "steps/a b+ü%.txt"];
        foreach (var name in names) await store.TryCreateAsync(name, SomeBlobs.Bytes(7), Token);
        for (var i = 0; i < 6; i++) await store.TryCreateAsync($"steps/n/{i:D5}", [], Token);

        var entries = await store.EntriesAsync("steps/", Token);

        Assert.Equal(11, entries.Count);
        Assert.Equal(["steps/B", "steps/a b+ü%.txt", "steps/a.json", "steps/a/z", "steps/b", "steps/n/00000"], entries.Take(6).Select(e => e.Name));
        Assert.All(entries.Take(5), e => Assert.Equal(7, e.Size));
        Assert.All(entries, e => Assert.InRange(e.RenewedAt, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(3500)]
    [InlineData(300_000)]
    public async Task A_writer_that_asks_again_renews_the_object_so_that_who_saw_it_before_cannot_remove_it(int size)
    {
        var store = (await SomeBlobs.NewAsync()).Store(SomeBlobs.Small with { BlockBytes = 100_000 });
        await store.TryCreateAsync("a/b", SomeBlobs.Bytes(size), Token);
        var seen = Assert.Single(await store.EntriesAsync("a/", Token));

        var again = await store.TryCreateAsync("a/b", SomeBlobs.Bytes(size), Token);
        var removed = await store.TryDeleteAsync(seen, Token);
        var now = Assert.Single(await store.EntriesAsync("a/", Token));
        var removedNow = await store.TryDeleteAsync(now, Token);

        Assert.False(again);
        Assert.False(removed);
        Assert.True(now.RenewedAt >= seen.RenewedAt);
        Assert.True(removedNow);
        Assert.Empty(await store.EntriesAsync("a/", Token));
        Assert.False(await store.TryDeleteAsync(now, Token));
    }

    [Fact]
    public async Task Something_large_that_is_there_is_not_sent_again()
    {
        var blobs = await SomeBlobs.NewAsync();
        var options = SomeBlobs.Small with { BlockBytes = 100_000 };
        await blobs.Store(options).TryCreateAsync("a/b", SomeBlobs.Bytes(300_000), Token);
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, _) => null);

        await blobs.Store(options, proxy.Port).TryCreateAsync("a/b", SomeBlobs.Bytes(300_000), Token);

        Assert.Equal(["HEAD", "PUT metadata"], proxy.Requests);
    }

    [Fact]
    public async Task A_small_object_is_written_and_read_with_one_request_each()
    {
        var blobs = await SomeBlobs.NewAsync();
        await using var proxy = await FaultyProxy.StartAsync(blobs.Port, (_, _) => null);
        var store = blobs.Store(port: proxy.Port);

        await store.TryCreateAsync("a/b", SomeBlobs.Bytes(1000), Token);
        await store.ReadAsync("a/b", Token);

        Assert.Equal(["PUT", "GET"], proxy.Requests);
    }

    [Fact]
    public async Task A_reader_goes_on_when_a_writer_renews_the_object_and_not_when_it_is_another_one()
    {
        var blobs = await SomeBlobs.NewAsync();
        var store = blobs.Store(SomeBlobs.Small with { Parallel = 1 });
        var content = SomeBlobs.Bytes(10_000);
        await store.TryCreateAsync("a/b", content, Token);
        var read = new byte[10_000];

        await using var renewed = (await store.OpenAsync("a/b", Token))!;
        await renewed.ReadExactlyAsync(read.AsMemory(0, 2500), Token);
        await store.TryCreateAsync("a/b", content, Token);
        await renewed.ReadExactlyAsync(read.AsMemory(2500), Token);
        await using var replaced = (await store.OpenAsync("a/b", Token))!;
        await blobs.Blob("a/b").UploadAsync(new MemoryStream(SomeBlobs.Bytes(10_000, 2)), cancellationToken: Token);
        var error = await Assert.ThrowsAsync<IOException>(() => replaced.CopyToAsync(Stream.Null, Token));

        Assert.Equal(content, read);
        Assert.Contains("'a/b'", error.Message, StringComparison.Ordinal);
        Assert.Contains("replaced", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_a_container_is_a_store_of_its_own()
    {
        var blobs = await SomeBlobs.NewAsync();
        var (one, two) = (blobs.Store(folder: "/teams/one"), blobs.Store(folder: "/teams/two"));

        await one.TryCreateAsync("a/b", "1"u8.ToArray(), Token);
        var created = await two.TryCreateAsync("a/b", "2"u8.ToArray(), Token);

        Assert.True(created);
        Assert.Equal("1", Encoding.UTF8.GetString((await one.ReadAsync("a/b", Token))!));
        Assert.Equal(["a/b"], await two.ListAsync("a/", Token));
        Assert.True(await blobs.Blob("teams/two/a/b").ExistsAsync(Token));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a//b")]
    [InlineData("")]
    public async Task What_is_no_name_is_refused(string name)
    {
        var store = SomeBlobs.Missing().Store();

        await Assert.ThrowsAsync<ArgumentException>(() => store.OpenAsync(name, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => store.TryCreateAsync(name, [], Token));
    }

    [Fact]
    public async Task The_callers_own_end_ends_an_upload_and_a_download_as_such()
    {
        var store = (await SomeBlobs.NewAsync()).Store();
        await store.TryCreateAsync("a/b", SomeBlobs.Bytes(5000), Token);
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.TryCreateAsync("a/c", SomeBlobs.Bytes(5000), ended.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.OpenAsync("a/b", ended.Token));
    }
}
