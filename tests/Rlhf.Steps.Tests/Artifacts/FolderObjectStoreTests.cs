using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Artifacts;

public sealed class FolderObjectStoreTests : IDisposable
{
    readonly TemporaryStore _store = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task An_object_that_is_written_again_is_renewed_and_not_changed()
    {
        await _store.Objects.TryCreateAsync("notes/a", "first"u8.ToArray(), Token);
        File.SetLastWriteTimeUtc(Path.Combine(_store.Folder, "notes", "a"), DateTimeOffset.UnixEpoch.UtcDateTime);

        var created = await _store.Objects.TryCreateAsync("notes/a", "second"u8.ToArray(), Token);

        var entry = Assert.Single(await _store.Objects.EntriesAsync("notes/", Token));
        Assert.False(created);
        Assert.Equal("first"u8.ToArray(), await _store.Objects.ReadAsync("notes/a", Token));
        Assert.True(entry.RenewedAt > DateTimeOffset.UnixEpoch.AddYears(1), $"{entry.RenewedAt}");
        Assert.Equal(5, entry.Size);
    }

    [Fact]
    public async Task An_object_is_removed_only_as_it_was_seen()
    {
        await _store.Objects.TryCreateAsync("notes/a", [1], Token);
        var seen = Assert.Single(await _store.Objects.EntriesAsync("notes/", Token));
        await _store.Objects.TryCreateAsync("notes/a", [1], Token);

        var renewed = await _store.Objects.TryDeleteAsync(seen, Token);
        var current = Assert.Single(await _store.Objects.EntriesAsync("notes/", Token));
        var unchanged = await _store.Objects.TryDeleteAsync(current, Token);
        var gone = await _store.Objects.TryDeleteAsync(current, Token);

        Assert.Equal((false, true, false), (renewed, unchanged, gone));
        Assert.Empty(await _store.Objects.EntriesAsync("notes/", Token));
    }

    [Fact]
    public async Task A_renewed_object_is_never_out_of_its_readers_sight()
    {
        await _store.Objects.TryCreateAsync("notes/a", [1], Token);
        var seen = Assert.Single(await _store.Objects.EntriesAsync("notes/", Token));
        await _store.Objects.TryCreateAsync("notes/a", [1], Token);
        using var done = new CancellationTokenSource();
        var removing = Task.Run(async () => { while (!done.IsCancellationRequested) Assert.False(await _store.Objects.TryDeleteAsync(seen, Token)); }, Token);

        var missed = 0;
        for (var i = 0; i < 5000; i++) if (await _store.Objects.ReadAsync("notes/a", Token) is null) missed++;
        await done.CancelAsync();
        await removing;

        Assert.Equal(0, missed);
    }
}
