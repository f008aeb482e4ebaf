using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Library;

/// <summary>Drafts, what is published, and the files.</summary>
public sealed class LibraryTests : IAsyncLifetime
{
    readonly TemporaryFolder _folder = new();
    WorkflowRuntime _runtime = null!;

    string Workflows => Path.Combine(_folder.Path, "workflows");

    string FileOf(string id = "some-flow") => Path.Combine(Workflows, id + ".json");

    WorkflowLibrary Library => _runtime.Library;

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Workflows);
        _runtime = Open();
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _runtime.DisposeAsync();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_draft_is_in_the_store_only_until_it_is_published()
    {
        var draft = await Library.SaveAsync(new FlowBuilder().Line("a").Build(), null);
        var filesBefore = Directory.GetFiles(Workflows);

        var result = await Library.PublishAsync("some-flow");

        Assert.Empty(filesBefore);
        Assert.Equal((1, 1, false), (draft.Version, draft.Revision, draft.IsPublished));
        Assert.Equal((1, (int?)null, true, false), (result!.Version!.Version, result.Version.Revision, result.Version.IsPublished, result.AlreadyPublished));
        Assert.Equal(await File.ReadAllTextAsync(FileOf()), result.Version.Text);
        Assert.Equal([FileOf()], Directory.GetFiles(Workflows));
        Assert.True((await Library.PublishAsync("some-flow"))!.AlreadyPublished);
    }

    [Fact]
    public async Task A_save_over_what_is_published_is_a_draft_after_it_and_the_published_one_goes_on()
    {
        await PublishAsync(new FlowBuilder().Line("a"));

        var draft = await ChangeAsync(1, null, new FlowBuilder().Line("b"));
        var same = await ChangeAsync(2, 1, new FlowBuilder().Line("b"));
        var published = await Library.GetAsync("some-flow", VersionOptions.Published);
        var latest = await Library.GetAsync("some-flow", VersionOptions.Latest);

        Assert.Equal(((2, 1), (2, 1)), ((draft.Version, draft.Revision!.Value), (same.Version, same.Revision!.Value)));
        Assert.Equal((1, 2), (published!.Version, latest!.Version));
        Assert.Contains("\"a\"", await File.ReadAllTextAsync(FileOf()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_a_file_is_a_new_published_version_as_soon_as_anyone_looks()
    {
        await PublishAsync(new FlowBuilder().Line("a"));

        Write(new FlowBuilder().Line("b"));
        var versions = await Library.VersionsAsync("some-flow");
        var again = await Library.VersionsAsync("some-flow");

        Assert.Equal([(2, true, true), (1, false, false)], versions.Select(v => (v.Version, v.IsLatest, v.IsPublished)));
        Assert.Equal(2, again.Count);
    }

    [Fact]
    public async Task A_file_that_was_only_laid_out_anew_is_shown_as_it_is()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        var moved = Parse(await File.ReadAllTextAsync(FileOf()));
        moved["root"]!["activities"]![0]!["metadata"] = new JsonObject { ["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = 77, ["y"] = 0 } } };

        await File.WriteAllTextAsync(FileOf(), moved.ToJsonString());
        var latest = await Library.GetAsync("some-flow", VersionOptions.Latest);

        Assert.Equal("77", $"{latest!.ToJson()["root"]!["activities"]![0]!["metadata"]!["designer"]!["position"]!["x"]}");
    }

    [Theory]
    [InlineData("{ not JSON", "not an Elsa workflow definition")]
    [InlineData("""{ "definitionId": "some-flow", "root": { "id": "flow", "type": "Elsa.Flowchart", "activities": [{ "id": "x", "type": "Acme.Nothing" }] } }""", "Acme.Nothing")]
    public async Task A_broken_file_leaves_its_definition_as_it_is_and_is_named_and_never_overwritten(string text, string reason)
    {
        await PublishAsync(new FlowBuilder().Line("a"));

        await File.WriteAllTextAsync(FileOf(), text);
        var problems = await Library.LookAsync();
        var published = await Library.GetAsync("some-flow", VersionOptions.Published);
        await ChangeAsync(1, null, new FlowBuilder().Line("b"));
        var refused = await Assert.ThrowsAsync<LibraryConflictException>(() => Library.PublishAsync("some-flow"));

        Assert.Contains(reason, Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal((1, problems[0]), (published!.Version, published.FileProblem));
        Assert.Contains("nothing is written over it", refused.Message, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(FileOf()));
    }

    [Fact]
    public async Task A_draft_whose_file_changed_meanwhile_is_refused_by_name_and_the_file_stays()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await ChangeAsync(1, null, new FlowBuilder().Line("b"));
        Write(new FlowBuilder().Line("c"));

        var refused = await Assert.ThrowsAsync<LibraryConflictException>(() => ChangeAsync(2, 1, new FlowBuilder().Line("d")));

        Assert.Equal(
            "'some-flow' was changed since version 2 was opened: version 3 was published, which stands in some-flow.json. Nothing was saved or overwritten; expected the change on top of that.",
            refused.Message);
        Assert.Contains("\"c\"", await File.ReadAllTextAsync(FileOf()), StringComparison.Ordinal);
        Assert.Equal(3, (await Library.GetAsync("some-flow", VersionOptions.Latest))!.Version);
    }

    [Fact]
    public async Task A_file_that_was_written_before_the_process_was_killed_is_its_draft_published()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        var draft = await ChangeAsync(1, null, new FlowBuilder().Line("b"));
        await _runtime.DisposeAsync();
        await File.WriteAllTextAsync(FileOf(), draft.Text); // and the store does not know

        _runtime = Open();
        var versions = await Library.VersionsAsync("some-flow");

        Assert.Equal([(2, true), (1, false)], versions.Select(v => (v.Version, v.IsPublished)));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_publishes_nothing()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await ChangeAsync(1, null, new FlowBuilder().Line("b"));
        File.Delete(FileOf());
        Directory.CreateDirectory(FileOf()); // a folder of that name

        var error = await Record.ExceptionAsync(() => Library.PublishAsync("some-flow"));

        Assert.True(error is IOException or UnauthorizedAccessException, $"{error}");
        Assert.Equal(1, (await Library.GetAsync("some-flow", VersionOptions.Published))!.Version);
        Assert.Empty(Directory.GetFiles(Workflows));
    }

    [Fact]
    public async Task What_was_retracted_has_no_schedules_and_is_published_again_only_when_its_file_changes()
    {
        await PublishAsync(new FlowBuilder().Add("tick", "Elsa.Timer", ("interval", FlowBuilder.Literal("01:00:00")), ("customProperties", new JsonObject { ["canStartWorkflow"] = true })));
        var schedulesBefore = (await _runtime.Schedules.ListAsync(TestContext.Current.CancellationToken)).Count;

        var retracted = await Library.RetractAsync("some-flow");
        await _runtime.DisposeAsync();
        _runtime = Open();
        await Library.LookAsync();
        var schedules = (await _runtime.Schedules.ListAsync(TestContext.Current.CancellationToken)).Count;
        var published = await Library.GetAsync("some-flow", VersionOptions.Published);
        Write(new FlowBuilder().Line("b"));
        var changed = await Library.GetAsync("some-flow", VersionOptions.Published);

        Assert.Equal((1, 0), (schedulesBefore, schedules));
        Assert.Equal((false, true), (retracted!.IsPublished, retracted.IsLatest));
        Assert.Null(published);
        Assert.Equal(2, changed!.Version);
        Assert.Null(await Library.RetractAsync("no-such-flow"));
    }

    [Fact]
    public async Task A_run_of_a_file_whose_workflow_was_retracted_does_not_publish_it()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await Library.RetractAsync("some-flow");

        var instance = await _runtime.StartAsync(FileOf(), []);

        Assert.Equal(1, (await _runtime.GetAsync(instance)).Summary.DefinitionVersion);
        Assert.Null(await Library.GetAsync("some-flow", VersionOptions.Published));
    }

    [Fact]
    public async Task What_was_retracted_can_be_published_as_it_was()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await Library.RetractAsync("some-flow");

        var result = await Library.PublishAsync("some-flow");

        Assert.Equal((1, true, false), (result!.Version!.Version, result.Version.IsPublished, result.AlreadyPublished));
    }

    [Fact]
    public async Task A_version_that_an_open_instance_is_pinned_to_is_not_deleted_and_the_instance_is_named()
    {
        await PublishAsync(new FlowBuilder().Event("wait", "some-event"));
        var instance = await _runtime.StartVersionAsync("some-flow", VersionOptions.Published, []);

        var refused = await Assert.ThrowsAsync<LibraryConflictException>(() => Library.DeleteAsync("some-flow"));
        var fileStays = File.Exists(FileOf());
        await _runtime.CancelAsync(instance!);
        var deleted = await Library.DeleteAsync("some-flow");

        Assert.Contains(instance!, refused.Message, StringComparison.Ordinal);
        Assert.True(fileStays);
        Assert.True(deleted);
        Assert.False(File.Exists(FileOf()));
        Assert.Empty((await Library.ListAsync(new())).Items);
        Assert.Equal(WorkflowStatus.Cancelled, (await _runtime.GetAsync(instance!)).Summary.Status);
        Assert.Equal("some-flow", (await Library.FindVersionAsync("some-flow", 1))!.DefinitionId); // for who looks at the instance
        Assert.False(await Library.DeleteAsync("some-flow"));
    }

    [Fact]
    public async Task The_numbers_of_what_was_deleted_do_not_come_again()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await Library.DeleteAsync("some-flow");

        var version = await PublishAsync(new FlowBuilder().Line("b"));

        Assert.Equal(2, version.Version);
        Assert.Null(await Library.FindVersionAsync("some-flow", 1));
    }

    [Fact]
    public async Task Who_still_has_a_draft_that_was_deleted_writes_over_no_other_one()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await ChangeAsync(1, null, new FlowBuilder().Line("deleted"));
        await Library.DeleteVersionAsync("some-flow", 2);
        var other = await ChangeAsync(1, null, new FlowBuilder().Line("other"));

        await Assert.ThrowsAsync<LibraryConflictException>(() => ChangeAsync(2, 1, new FlowBuilder().Line("late")));

        Assert.Equal((3, 1), (other.Version, other.Revision));
        Assert.Null(await Library.FindVersionAsync("some-flow", 2));
    }

    [Fact]
    public async Task To_revert_is_a_new_draft_of_an_old_version()
    {
        await PublishAsync(new FlowBuilder().Line("a"));
        await ChangeAsync(1, null, new FlowBuilder().Line("b"));
        await Library.PublishAsync("some-flow");

        var draft = await Library.RevertAsync("some-flow", 1);

        Assert.Equal((3, 1, false), (draft!.Version, draft.Revision, draft.IsPublished));
        Assert.Contains("\"a\"", draft.Text, StringComparison.Ordinal);
        Assert.Contains("\"b\"", await File.ReadAllTextAsync(FileOf()), StringComparison.Ordinal);
        Assert.Null(await Library.RevertAsync("some-flow", 9));
    }

    [Fact]
    public async Task A_definition_without_an_id_gets_one_like_its_name_that_is_free()
    {
        File.WriteAllText(FileOf("my-flow-2"), "broken");
        JsonObject Named(string name)
        {
            var flow = new FlowBuilder().Line("a").Build();
            flow.Remove("definitionId");
            flow["name"] = name;
            return flow;
        }

        var ids = new List<string>();
        foreach (var name in new[] { "My flow!", "My flow", "Größe", "—" }) ids.Add((await Library.SaveAsync(Named(name), null)).DefinitionId);

        Assert.Equal(["my-flow", "my-flow-3", "gr-e", "workflow"], ids);
        Assert.False(await Library.IsNameUniqueAsync("my FLOW", null));
        Assert.True(await Library.IsNameUniqueAsync("Größe", "gr-e"));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("a:1")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    public async Task An_id_that_could_be_a_path_is_refused(string id)
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() => Library.SaveAsync(new FlowBuilder { Id = id }.Line("a").Build(), null));

        Assert.StartsWith($"'{id}' is no id of a definition; expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_here_runs_is_kept_in_a_draft_as_it_is_and_not_published()
    {
        var flow = new FlowBuilder().Add("x", "Acme.Train", ("epochs", FlowBuilder.Literal(3)));
        var draft = await Library.SaveAsync(flow.Build(), null);

        var result = await Library.PublishAsync("some-flow");

        Assert.Equal("Acme.Train", $"{draft.ToJson()["root"]!["activities"]![0]!["type"]}");
        Assert.True(result!.IsRefused);
        Assert.Equal("x", Assert.Single(result.Findings).Activity);
        Assert.Empty(Directory.GetFiles(Workflows));
    }

    [Fact]
    public async Task Two_processes_that_look_at_the_same_file_publish_it_once()
    {
        Write(new FlowBuilder().Line("a"));
        await using var other = Open();

        await Task.WhenAll(Library.LookAsync(), other.Library.LookAsync());

        Assert.Single(await Library.VersionsAsync("some-flow"));
        Assert.Single(await other.Library.VersionsAsync("some-flow"));
    }

    [Fact]
    public async Task Of_saves_at_the_same_moment_on_postgresql_one_is_kept_and_the_others_are_told()
    {
        var postgres = Rlhf.Tests.Support.PostgresServer.NewDatabase();
        await using var one = new WorkflowRuntime(new RuntimeOptions(_folder.Path) { Postgres = postgres, Workflows = [Workflows] }, Some.Runner(_folder.Path, TimeProvider.System), TimeProvider.System);
        await using var other = new WorkflowRuntime(new RuntimeOptions(_folder.Path) { Postgres = postgres, Workflows = [Workflows] }, Some.Runner(_folder.Path, TimeProvider.System), TimeProvider.System);
        await one.Library.SaveAsync(new FlowBuilder().Line("a").Build(), null);

        var saves = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Record.ExceptionAsync(() =>
            (i % 2 == 0 ? one : other).Library.SaveAsync(new FlowBuilder().Line($"b{i}").Build(), new(1, 1))).AsTask()));
        var published = await Task.WhenAll(one.Library.PublishAsync("some-flow"), other.Library.PublishAsync("some-flow"));
        await one.Library.RetractAsync("some-flow");
        var deleted = await other.Library.DeleteAsync("some-flow");

        Assert.Single(saves, e => e is null);
        Assert.All(saves.OfType<Exception>(), e => Assert.IsType<LibraryConflictException>(e));
        Assert.All(published, p => Assert.Equal((1, true), (p!.Version!.Version, p.Version.IsPublished)));
        Assert.Single(published, p => !p!.AlreadyPublished);
        Assert.True(deleted);
        Assert.Empty(Directory.GetFiles(Workflows));
    }

    [Fact]
    public async Task Of_saves_at_the_same_moment_one_is_kept_and_the_others_are_told()
    {
        await Library.SaveAsync(new FlowBuilder().Line("a").Build(), null);

        var saves = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Record.ExceptionAsync(() => ChangeAsync(1, 1, new FlowBuilder().Line($"b{i}"))).AsTask()));

        Assert.Single(saves, e => e is null);
        Assert.All(saves.OfType<Exception>(), e => Assert.IsType<LibraryConflictException>(e));
        Assert.Equal(2, (await Library.GetAsync("some-flow", VersionOptions.Latest))!.Revision);
    }

    [Fact]
    public async Task A_draft_that_is_run_is_published_as_the_version_that_ran()
    {
        await Library.SaveAsync(new FlowBuilder().Line("a").Build(), null);
        var instance = await _runtime.StartVersionAsync("some-flow", VersionOptions.Latest, []);

        var published = await Library.PublishAsync("some-flow");
        var next = await ChangeAsync(1, null, new FlowBuilder().Line("b"));

        Assert.Equal((1, 2), (published!.Version!.Version, next.Version));
        Assert.Equal(1, (await _runtime.GetAsync(instance!)).Summary.DefinitionVersion);
    }

    [Fact]
    public async Task What_an_editor_does_not_know_of_an_input_stays()
    {
        var flow = new FlowBuilder().Line("a").Input("rounds", "Int32", 3).Build();
        var draft = await Library.SaveAsync(flow, null);
        var model = EditorModel.Of(draft.Text); // no defaults
        model["inputs"]![0]!["displayName"] = "Rounds";

        var saved = await Library.SaveAsync(model, new(1, 1));

        Assert.Equal(("3", "Rounds"), ($"{saved.ToJson()["inputs"]![0]!["defaultValue"]}", $"{saved.ToJson()["inputs"]![0]!["displayName"]}"));
    }

    WorkflowRuntime Open() => new(new RuntimeOptions(_folder.Path) { Workflows = [Workflows] }, Some.Runner(_folder.Path, TimeProvider.System), TimeProvider.System);

    async Task<WorkflowVersion> PublishAsync(FlowBuilder flow)
    {
        await Library.SaveAsync(flow.Build(), null);
        return (await Library.PublishAsync("some-flow"))!.Version!;
    }

    Task<WorkflowVersion> ChangeAsync(int version, int? revision, FlowBuilder flow) => Library.SaveAsync(flow.Build(), new(version, revision));

    void Write(FlowBuilder flow)
    {
        File.WriteAllText(FileOf(), flow.Build().ToJsonString());
        File.SetLastWriteTimeUtc(FileOf(), File.GetLastWriteTimeUtc(FileOf()).AddSeconds(2)); // the clock of a file system may be coarse
    }

    static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
