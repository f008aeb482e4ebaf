using Microsoft.Data.Sqlite;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Library;

/// <summary>Instances of versions that stand in the store.</summary>
public sealed class StartVersionTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly WorkflowStore _store;

    public StartVersionTests() => _store = WorkflowStore.Open(_folder.Path);

    public void Dispose()
    {
        _store.Dispose();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_draft_that_was_run_stays_as_it_was_and_the_next_save_makes_a_version_after_it()
    {
        await using var runtime = Open();
        await SaveAsync(new FlowBuilder().Line("first"));
        await SaveAsync(new FlowBuilder().Line("second"));

        var id = await runtime.StartVersionAsync("some-flow", VersionOptions.Latest, []);
        var version = await SaveAsync(new FlowBuilder().Line("third"));

        Assert.Equal((2, 1), (version, (await runtime.GetAsync(id!)).Summary.DefinitionVersion));
        Assert.Contains("\"second\"", (await _store.LoadAsync(id!, default)).DefinitionJson, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Published_and_draft_are_told_apart_and_what_is_not_there_starts_nothing()
    {
        await using var runtime = Open();
        await runtime.PublishAsync(_folder.File("some-flow.json", new FlowBuilder().Line("published").Build().ToJsonString()));
        await SaveAsync(new FlowBuilder().Line("draft"));

        var ids = new List<string?>();
        foreach (var version in new[] { "Published", "Latest", "Draft", "LatestAndPublished", "1", "3" })
            ids.Add(await runtime.StartVersionAsync("some-flow", VersionOptions.TryParse(version)!.Value, []));
        var unknown = await runtime.StartVersionAsync("no-such-flow", VersionOptions.Latest, []);

        var versions = new List<int?>();
        foreach (var id in ids) versions.Add(id is null ? null : (await runtime.GetAsync(id)).Summary.DefinitionVersion);
        Assert.Equal([1, 2, 2, null, 1, null], versions);
        Assert.Null(unknown);
    }

    [Fact]
    public async Task The_activity_that_is_named_as_the_trigger_does_not_wait()
    {
        await using var runtime = Open();
        await SaveAsync(new FlowBuilder().Line("before").Event("asked", "some-event").Line("after").Chain("before", "asked", "after"));

        var id = await runtime.StartVersionAsync("some-flow", VersionOptions.Latest, [], "asked");

        Assert.Equal(WorkflowStatus.Finished, (await runtime.GetAsync(id!)).Summary.Status);
        Assert.Equal(["asked", "after"], Some.Ran(await runtime.LogAsync(id!)));
        var error = await Assert.ThrowsAsync<ArgumentException>(() => runtime.StartVersionAsync("some-flow", VersionOptions.Latest, [], "missing"));
        Assert.Contains("'missing' is no activity", error.Message, StringComparison.Ordinal);
    }

    Task<int> SaveAsync(FlowBuilder flow) => _store.SaveDraftAsync(Some.Read(flow), flow.Build().ToJsonString(), Some.Time, default);

    WorkflowRuntime Open() => new(new RuntimeOptions(_folder.Path), Some.Runner(_folder.Path, TimeProvider.System), TimeProvider.System);
}
