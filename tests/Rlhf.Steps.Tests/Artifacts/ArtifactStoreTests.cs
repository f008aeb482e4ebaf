using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Artifacts;

public sealed class ArtifactStoreTests : IDisposable
{
    readonly TemporaryStore _store = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task The_same_files_are_the_same_artifact_in_any_order()
    {
        var one = await _store.Artifacts.PutAsync("policy", Some.Files(("a.txt", "1"), ("b/c.txt", "2")), Token);
        var two = await _store.Artifacts.PutAsync("policy", Some.Files(("b/c.txt", "2"), ("a.txt", "1")), Token);

        Assert.Equal(one, two);
    }

    [Fact]
    public async Task A_file_that_two_artifacts_share_is_stored_once()
    {
        await _store.Artifacts.PutAsync("policy", Some.Files(("a.txt", "same"), ("b.txt", "one")), Token);
        await _store.Artifacts.PutAsync("policy", Some.Files(("z.txt", "same"), ("b.txt", "two")), Token);

        Assert.Equal(3, _store.Files("blobs").Length);
    }

    [Fact]
    public async Task A_flipped_byte_is_found_and_named()
    {
        var artifact = await _store.Artifacts.PutAsync("policy", Some.Files(("weights.bin", "0123456789")), Token);
        var blob = Assert.Single(_store.Files("blobs"));
        File.WriteAllText(blob, "0123456780");

        var problems = await _store.Artifacts.VerifyAsync(artifact, Token);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _store.Artifacts.ReadFileAsync(artifact, "weights.bin", Token));

        Assert.Contains("weights.bin", Assert.Single(problems), StringComparison.Ordinal);
        Assert.Contains("weights.bin", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_manifest_is_found()
    {
        var artifact = await _store.Artifacts.PutAsync("policy", Some.Files(("a.txt", "1")), Token);
        var manifest = Assert.Single(_store.Files("manifests"));
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("a.txt", "b.txt", StringComparison.Ordinal));

        await Assert.ThrowsAsync<InvalidDataException>(() => _store.Artifacts.ManifestAsync(artifact, Token));
    }

    [Theory]
    [InlineData("export")]
    [InlineData("export/")]
    public async Task An_artifact_goes_out_and_in_again_unchanged(string name)
    {
        var artifact = await _store.Artifacts.PutAsync("policy", Some.Files(("a.txt", "1"), ("b/c.txt", "2")), Token);
        var folder = Path.Combine(_store.Folder, name);

        await _store.Artifacts.ExportAsync(artifact, folder, Token);
        var again = await _store.Artifacts.PutFolderAsync("policy", folder, Token);

        Assert.Equal(artifact, again);
    }

    [Fact]
    public async Task A_damaged_file_is_not_left_behind_by_an_export()
    {
        var artifact = await _store.Artifacts.PutAsync("policy", Some.Files(("a.txt", "1")), Token);
        File.WriteAllText(Assert.Single(_store.Files("blobs")), "2");
        var folder = Path.Combine(_store.Folder, "export");

        await Assert.ThrowsAsync<InvalidDataException>(() => _store.Artifacts.ExportAsync(artifact, folder, Token));

        Assert.Empty(_store.Files("export"));
    }

    [Fact]
    public async Task A_missing_artifact_is_named() =>
        Assert.Contains(
            Some.Ref().ToString(),
            (await Assert.ThrowsAsync<ArtifactNotFoundException>(() => _store.Artifacts.ManifestAsync(Some.Ref(), Token))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("policy")]
    [InlineData("policy/12")]
    [InlineData("Policy/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("policy/../../../../etc/passwd")]
    public void What_is_no_reference_is_refused_with_the_form_expected(string text) =>
        Assert.Contains("expected a kind", Assert.Throws<ArgumentException>(() => ArtifactRef.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_full_disk_leaves_nothing_and_says_so()
    {
        var full = new FolderObjectStore(_store.Folder, path => new FullDisk(File.Create(path)));

        var error = await Assert.ThrowsAsync<IOException>(() => new ArtifactStore(full).PutAsync("policy", Some.Files(("a.txt", "1")), Token));

        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing of it was kept", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Files("."));
    }

    [Fact]
    public async Task Of_many_writers_of_one_name_exactly_one_wins()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(
            () => _store.Objects.TryCreateAsync("aliases/sandbox/c/champion/000001.json", Encoding.UTF8.GetBytes($"{i}"), Token))));

        Assert.Single(won, w => w);
    }

    [Fact]
    public async Task What_a_killed_writer_left_is_cleared_away_and_what_another_one_is_writing_stays()
    {
        await _store.Artifacts.PutAsync("policy", Some.Files(("a.txt", "1")), Token);
        var tmp = Directory.CreateDirectory(Path.Combine(_store.Folder, "tmp")).FullName;
        File.WriteAllText(Path.Combine(tmp, "half"), "written");
        File.SetLastWriteTimeUtc(Path.Combine(tmp, "half"), TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        File.WriteAllText(Path.Combine(tmp, "another"), "being written");

        _store.Objects.RemoveUnfinished(TimeSpan.FromHours(1));

        Assert.Equal(["another"], Directory.GetFiles(tmp).Select(Path.GetFileName));
        Assert.Single(_store.Files("blobs"));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a//b")]
    [InlineData("")]
    public async Task An_object_name_cannot_leave_the_store(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => _store.Objects.OpenAsync(name, Token));

    [Fact]
    public async Task A_version_of_a_name_is_given_once()
    {
        var aliases = new Aliases(_store.Objects);
        var at = DateTimeOffset.UnixEpoch;

        var first = await aliases.TryAppendAsync("c/champion", new(1, Some.Ref('a'), "first", at, "i"), Token);
        var second = await aliases.TryAppendAsync("c/champion", new(1, Some.Ref('b'), "second", at, "i"), Token);

        Assert.True(first);
        Assert.False(second);
        Assert.Equal(Some.Ref('a'), (await aliases.CurrentAsync("c/champion", Token))!.Artifact);
    }

    sealed class FullDisk(Stream inner) : MemoryStream
    {
        // Copying from one MemoryStream to another writes synchronously.
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device.");

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
