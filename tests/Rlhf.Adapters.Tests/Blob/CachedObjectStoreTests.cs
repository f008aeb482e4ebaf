using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Adapters.Blob;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Tests.Blob;

public sealed class CachedObjectStoreTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-cache-").FullName;
    readonly FakeTimeProvider _clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    readonly CountingStore _inner;
    readonly CachedObjectStore _store;

    public CachedObjectStoreTests()
    {
        _inner = new(new FolderObjectStore(Path.Combine(_folder, "store")));
        _store = new(_inner, Cache, 3000, _clock);
    }

    static CancellationToken Token => TestContext.Current.CancellationToken;

    string Cache => Path.Combine(_folder, "cache");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_read_once_is_not_asked_for_again()
    {
        var (name, content) = await PutAsync(1);

        var reads = await ReadAsync(name, name, name);

        Assert.All(reads, r => Assert.Equal(content, r));
        Assert.Equal(1, _inner.Opened);
    }

    [Fact]
    public async Task What_is_not_named_by_its_hash_is_always_asked_for()
    {
        await _inner.TryCreateAsync("aliases/a.json", [1], Token);

        await ReadAsync("aliases/a.json", "aliases/a.json");

        Assert.Equal(2, _inner.Opened);
        Assert.Empty(Files());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(500)]
    [InlineData(0)]
    public async Task A_damaged_or_half_written_file_is_fetched_again_and_never_served(int length)
    {
        var (name, content) = await PutAsync(1);
        await ReadAsync(name);
        var damaged = content[..length];
        if (length == 1000) damaged[500] ^= 1;
        await File.WriteAllBytesAsync(Assert.Single(Files()), damaged, Token);

        var reads = await ReadAsync(name, name);

        Assert.All(reads, r => Assert.Equal(content, r));
        Assert.Equal(2, _inner.Opened);
    }

    [Fact]
    public async Task What_is_damaged_in_the_store_is_not_kept_and_comes_as_it_is()
    {
        var (name, _) = await PutAsync(1);
        await File.WriteAllBytesAsync(Path.Combine(_folder, "store", name), [1, 2, 3], Token);

        Assert.Equal([1, 2, 3], Assert.Single(await ReadAsync(name)));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Beyond_the_limit_what_was_not_read_for_longest_goes()
    {
        var names = new List<string>();
        for (uint seed = 1; seed <= 4; seed++) names.Add((await PutAsync(seed)).Name);
        foreach (var name in new[] { names[0], names[1], names[2], names[0], names[3] })
        {
            await ReadAsync(name);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        var kept = Files().Select(Path.GetFileName).Order();

        Assert.Equal(new[] { names[0], names[2], names[3] }.Select(Path.GetFileName).Order(), kept);
    }

    [Fact]
    public async Task What_is_larger_than_the_limit_passes_through()
    {
        var (name, content) = await PutAsync(1, 3001);

        Assert.Equal(content, Assert.Single(await ReadAsync(name)));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_missing_object_is_null_and_a_removed_one_is_forgotten()
    {
        var (name, _) = await PutAsync(1);
        await ReadAsync(name);

        await _store.DeleteAsync(name, Token);

        Assert.Null(await _store.OpenAsync(name, Token));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_file_that_is_being_read_may_be_made_room_with()
    {
        var (name, content) = await PutAsync(1);
        await using var open = (await _store.OpenAsync(name, Token))!;
        for (uint seed = 2; seed <= 4; seed++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            await ReadAsync((await PutAsync(seed)).Name);
        }

        var read = new byte[1000];
        await open.ReadExactlyAsync(read, Token);

        Assert.Equal(content, read);
        Assert.Equal(3, Files().Length);
    }

    [Fact]
    public async Task What_a_killed_process_left_half_fetched_goes_after_an_hour()
    {
        var coming = Directory.CreateDirectory(Path.Combine(Cache, "coming")).FullName;
        await File.WriteAllTextAsync(Path.Combine(coming, "old"), "half", Token);
        await File.WriteAllTextAsync(Path.Combine(coming, "new"), "half", Token);
        File.SetLastWriteTimeUtc(Path.Combine(coming, "old"), _clock.GetUtcNow().UtcDateTime.AddHours(-2));
        File.SetLastWriteTimeUtc(Path.Combine(coming, "new"), _clock.GetUtcNow().UtcDateTime);

        await ReadAsync((await PutAsync(1)).Name);

        Assert.Equal(["new"], Directory.GetFiles(coming).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Many_readers_share_one_folder()
    {
        var names = new List<(string Name, byte[] Content)>();
        for (uint seed = 1; seed <= 6; seed++) names.Add(await PutAsync(seed));

        var reads = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(async () =>
        {
            var store = new CachedObjectStore(_inner, Cache, 3000, _clock);
            return (Content: (await store.ReadAsync(names[i % 6].Name, Token))!, Expected: names[i % 6].Content);
        })));

        Assert.All(reads, r => Assert.Equal(r.Expected, r.Content));
        Assert.InRange(Files().Sum(f => new FileInfo(f).Length), 0, 3000);
    }

    [Fact]
    public async Task A_folder_that_is_cleared_while_a_file_comes_is_a_failure_that_passes()
    {
        var (name, content) = await PutAsync(1);
        _inner.Reading = () => Directory.Delete(Cache, recursive: true);

        var error = await Assert.ThrowsAsync<IOException>(() => _store.OpenAsync(name, Token));
        _inner.Reading = null;

        Assert.Contains(Cache, error.Message, StringComparison.Ordinal);
        Assert.Equal(content, Assert.Single(await ReadAsync(name)));
    }

    async Task<(string Name, byte[] Content)> PutAsync(uint seed, int size = 1000)
    {
        var content = SomeBlobs.Bytes(size, seed);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        var name = $"blobs/sha256/{hash[..2]}/{hash}";
        await _store.TryCreateAsync(name, content, Token);
        return (name, content);
    }

    async Task<List<byte[]>> ReadAsync(params string[] names)
    {
        var all = new List<byte[]>();
        foreach (var name in names) all.Add((await _store.ReadAsync(name, Token))!);
        return all;
    }

    string[] Files() => Directory.Exists(Path.Combine(Cache, "kept")) ? Directory.GetFiles(Path.Combine(Cache, "kept")) : [];

    sealed class CountingStore(IObjectStore inner) : IObjectStore
    {
        int _opened;

        public int Opened => _opened;

        public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) => inner.TryCreateAsync(name, content, cancellationToken);

        /// <summary>Done at the first read of what is opened.</summary>
        public Action? Reading { get; set; }

        public async Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _opened);
            return Reading is null ? await inner.OpenAsync(name, cancellationToken) : new Watched((await inner.ReadAsync(name, cancellationToken))!, Reading);
        }

        public Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken) => inner.EntriesAsync(prefix, cancellationToken);

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

        public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => inner.TryDeleteAsync(seen, cancellationToken);

        sealed class Watched(byte[] content, Action reading) : MemoryStream(content)
        {
            public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            {
                if (Position == 0) reading();
                return base.ReadAsync(buffer, cancellationToken);
            }
        }
    }
}
