using Azure.Storage.Blobs.Models;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Tests.Blob;

/// <summary>The artifact store's promises on a container.</summary>
public sealed class BlobArtifactsTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static readonly Dictionary<string, byte[]> Files = new() { ["weights.bin"] = SomeBlobs.Bytes(4500), ["b/c.txt"] = "2"u8.ToArray() };

    [Fact]
    public async Task An_artifact_goes_in_and_out_unchanged_and_a_shared_file_is_stored_once()
    {
        var blobs = await SomeBlobs.NewAsync();
        var store = new ArtifactStore(blobs.Store());
        var folder = Directory.CreateTempSubdirectory("rlhf-export-").FullName;
        try
        {
            var artifact = await store.PutAsync("policy", Files, Token);
            await store.PutAsync("policy", new Dictionary<string, byte[]>(Files) { ["d.txt"] = "2"u8.ToArray() }, Token);
            await store.ExportAsync(artifact, folder, Token);
            var again = await store.PutFolderAsync("policy", folder, Token);

            Assert.Equal(artifact, again);
            Assert.Empty(await store.VerifyAsync(artifact, Token));
            Assert.Equal(2, (await store.Objects.ListAsync("blobs/", Token)).Count);
            Assert.Equal(2, (await store.ListAsync(Token)).Count);
            Assert.Equal(Files["weights.bin"], await store.ReadFileAsync(artifact, "weights.bin", Token));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_flipped_byte_is_found_and_named()
    {
        var blobs = await SomeBlobs.NewAsync();
        var store = new ArtifactStore(blobs.Store());
        var artifact = await store.PutAsync("policy", Files, Token);
        var entry = (await store.Objects.EntriesAsync("blobs/", Token)).Single(e => e.Size == 4500);
        var changed = SomeBlobs.Bytes(4500);
        changed[3210] ^= 1;
        await blobs.Blob(entry.Name).UploadAsync(new MemoryStream(changed), new BlobUploadOptions(), Token);

        var problem = Assert.Single(await store.VerifyAsync(artifact, Token));

        Assert.Contains("'weights.bin'", problem, StringComparison.Ordinal);
        Assert.Contains("does not match its hash", problem, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(() => store.ReadFileAsync(artifact, "weights.bin", Token));
    }

    [Fact]
    public async Task A_missing_artifact_and_a_missing_file_are_named()
    {
        var store = new ArtifactStore((await SomeBlobs.NewAsync()).Store());
        var artifact = await store.PutAsync("policy", Files, Token);
        await store.Objects.DeleteAsync((await store.Objects.EntriesAsync("blobs/", Token)).Single(e => e.Size == 4500).Name, Token);
        var missing = new ArtifactRef("policy", new('a', 64));

        Assert.Contains("lacks its file 'weights.bin'", Assert.Single(await store.VerifyAsync(artifact, Token)), StringComparison.Ordinal);
        Assert.Contains(missing.ToString(), (await Assert.ThrowsAsync<ArtifactNotFoundException>(() => store.ManifestAsync(missing, Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writers_of_one_name_make_versions_without_gaps_and_of_one_alias_number_one_wins()
    {
        var blobs = await SomeBlobs.NewAsync();
        var refs = Enumerable.Range(0, 12).Select(i => new ArtifactRef("policy", new((char)('a' + i % 6), 64))).ToList();

        var versions = await Task.WhenAll(refs.Select(r => Task.Run(() => new Names(blobs.Store(), TimeProvider.System).AddAsync("policy", r, Token))));
        var won = await Task.WhenAll(refs.Select(r => Task.Run(
            () => new Aliases(blobs.Store()).TryAppendAsync("c/champion", new(1, r, "first", DateTimeOffset.UnixEpoch, "i"), Token))));

        var history = await new Names(blobs.Store(), TimeProvider.System).HistoryAsync("policy", Token);
        Assert.Equal(Enumerable.Range(1, history.Count), history.Select(v => v.Version));
        Assert.All(versions, v => Assert.Contains(v, history));
        Assert.Single(won, w => w);
    }
}
