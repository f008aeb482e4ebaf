using Microsoft.Extensions.Time.Testing;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;
using Rlhf.Steps.Tests.Support;

namespace Rlhf.Steps.Tests.Provenance;

public sealed class GarbageCollectionTests : IDisposable
{
    static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    readonly TemporaryStore _store = new();
    readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());

    static CancellationToken Token => TestContext.Current.CancellationToken;

    GarbageCollection Collection => new(_store.Objects, _clock);

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task What_a_record_an_alias_a_name_a_pin_or_an_open_workflow_refers_to_stays()
    {
        var history = await SmallHistory.MakeAsync(_store.Objects, Token);
        var (aliased, named, pinned, inUse) = (await Some("one"), await Some("two"), await Some("three"), await Some("four"));
        await new Aliases(_store.Objects).TryAppendAsync("c/champion", new(1, aliased, "", _clock.GetUtcNow(), "i"), Token);
        await new Names(_store.Objects, _clock).AddAsync("prompts", named, Token);
        await new Pins(_store.Objects, _clock).AddAsync(pinned, "dear", Token);
        _clock.Advance(2 * Grace);

        var garbage = await Collection.FindAsync(InUse(inUse), Grace, Token);
        await Collection.RemoveAsync(garbage, Token);

        Assert.Empty(garbage.Objects);
        foreach (var artifact in new[] { history.Prompts, history.SecondPolicy, aliased, named, pinned, inUse })
            Assert.Empty(await _store.Artifacts.VerifyAsync(artifact, Token));
    }

    [Fact]
    public async Task What_nothing_refers_to_goes_once_it_is_old_and_takes_no_shared_file_with_it()
    {
        var kept = await _store.Artifacts.PutAsync("policy", Support.Some.Files(("a.txt", "shared")), Token);
        var lost = await _store.Artifacts.PutAsync("policy", Support.Some.Files(("a.txt", "shared"), ("b.txt", "alone")), Token);
        await new Pins(_store.Objects, _clock).AddAsync(kept, "", Token);

        var young = await Collection.FindAsync(InUse(), Grace, Token);
        _clock.Advance(2 * Grace);
        var old = await Collection.FindAsync(InUse(), Grace, Token);
        var gone = await Collection.RemoveAsync(old, Token);

        Assert.Empty(young.Objects);
        Assert.Equal(2, gone.Count);
        Assert.Empty(await _store.Artifacts.VerifyAsync(kept, Token));
        await Assert.ThrowsAsync<ArtifactNotFoundException>(() => _store.Artifacts.ManifestAsync(lost, Token));
    }

    [Fact]
    public async Task What_a_writer_stores_again_between_finding_and_removing_stays()
    {
        var artifact = await Some("wanted");
        _clock.Advance(2 * Grace);
        var garbage = await Collection.FindAsync(InUse(), Grace, Token);

        await Some("wanted");
        var gone = await Collection.RemoveAsync(garbage, Token);

        Assert.Equal(2, garbage.Objects.Count);
        Assert.Empty(gone);
        Assert.Empty(await _store.Artifacts.VerifyAsync(artifact, Token));
    }

    [Fact]
    public async Task What_comes_into_use_while_the_store_is_listed_stays()
    {
        var artifact = await Some("wanted");
        _clock.Advance(2 * Grace);
        var started = false;
        var listed = new WatchedStore(_store.Objects, prefix => started |= prefix == "manifests/");

        var garbage = await new GarbageCollection(listed, _clock).FindAsync(token => InUse(started ? [artifact] : [])(token), Grace, Token);

        Assert.Empty(garbage.Objects);
    }

    [Fact]
    public async Task What_an_instance_used_that_ends_while_the_store_is_read_stays()
    {
        var history = await SmallHistory.MakeAsync(_store.Objects, Token);
        var (artifact, over) = (await Some("wanted"), false);
        _clock.Advance(2 * Grace);
        var record = (await new StepRecords(_store.Objects).ListAsync(Token))[0] with { Key = new('e', 64), Inputs = new() { ["prompts"] = artifact.ToString() } };
        // Right after the records were listed without this one.
        var ending = new WatchedStore(_store.Objects, prefix =>
        {
            if (prefix != "records/") return;
            over = true;
            new StepRecords(_store.Objects).CommitAsync(record, Token).Wait(Token);
        });

        var garbage = await new GarbageCollection(ending, _clock).FindAsync(token => InUse(over ? [] : [artifact])(token), Grace, Token);

        Assert.Empty(garbage.Objects);
        Assert.Empty(await _store.Artifacts.VerifyAsync(history.Prompts, Token));
    }

    [Fact]
    public async Task Checkpoints_go_with_their_steps_record_and_not_before()
    {
        await SmallHistory.MakeAsync(_store.Objects, Token);
        var (finished, unfinished) = ($"checkpoints/{1:x64}/000000/file", $"checkpoints/{99:x64}/000000/file");
        foreach (var name in new[] { finished, unfinished }) await _store.Objects.TryCreateAsync(name, [1], Token);
        _clock.Advance(2 * Grace);

        var garbage = await Collection.FindAsync(InUse(), Grace, Token);

        Assert.Equal(finished, Assert.Single(garbage.Objects).Name);
    }

    [Fact]
    public async Task A_grace_period_shorter_than_a_lease_is_refused()
    {
        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Collection.FindAsync(InUse(), TimeSpan.FromMinutes(5), Token));

        Assert.Contains("2 h or more", error.Message, StringComparison.Ordinal);
    }

    static Func<CancellationToken, Task<IReadOnlyCollection<ArtifactRef>>> InUse(params ArtifactRef[] artifacts) =>
        _ => Task.FromResult<IReadOnlyCollection<ArtifactRef>>(artifacts);

    Task<ArtifactRef> Some(string text) => _store.Artifacts.PutAsync("note", Support.Some.Files(("a.txt", text)), Token);

    sealed class WatchedStore(IObjectStore inner, Action<string> afterListing) : IObjectStore
    {
        public Task<bool> TryCreateAsync(string name, Stream content, CancellationToken cancellationToken) => inner.TryCreateAsync(name, content, cancellationToken);

        public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => inner.OpenAsync(name, cancellationToken);

        public async Task<IReadOnlyList<StoredObject>> EntriesAsync(string prefix, CancellationToken cancellationToken)
        {
            var entries = await inner.EntriesAsync(prefix, cancellationToken);
            afterListing(prefix);
            return entries;
        }

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

        public Task<bool> TryDeleteAsync(StoredObject seen, CancellationToken cancellationToken) => inner.TryDeleteAsync(seen, cancellationToken);
    }
}
