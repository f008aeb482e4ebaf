using System.Reflection;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public sealed class WorkflowStoreTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    string Database => Path.Combine(_folder.Path, "runtime.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_writer_that_comes_second_is_refused_and_changes_nothing()
    {
        using var store = WorkflowStore.Open(_folder.Path);
        var flow = new FlowBuilder().Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")));
        var definition = Some.Read(flow, new FakeStep("Work"));
        await store.PublishAsync(definition, flow.Build().ToJsonString(), Some.Time, default);
        var started = WorkflowInterpreter.Apply(definition, null, Some.Started());
        await store.SaveAsync(Write(started, Some.Started()), default);
        var done = new StepCompleted(Some.Time, "work", [], "Done");
        var cancelled = new Cancelled(Some.Time);
        await store.SaveAsync(Write(WorkflowInterpreter.Apply(definition, started.State, cancelled), cancelled), default);

        await Assert.ThrowsAsync<InstanceChangedException>(() => store.SaveAsync(Write(WorkflowInterpreter.Apply(definition, started.State, done), done), default));

        Assert.Equal(WorkflowStatus.Cancelled, (await store.LoadAsync("instance", default)).State.Status);
        Assert.Equal(2, (await store.EventsAsync("instance", default)).Count);
        Assert.DoesNotContain(await store.LogAsync("instance", 0, default), l => l.Event == LogEvent.Completed);
    }

    [Fact]
    public async Task A_transition_that_cannot_be_written_is_an_error_that_names_it_and_leaves_nothing_behind()
    {
        using var store = WorkflowStore.Open(_folder.Path);
        var flow = new FlowBuilder().Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")));
        var definition = Some.Read(flow, new FakeStep("Work"));
        await store.PublishAsync(definition, flow.Build().ToJsonString(), Some.Time, default);
        var started = WorkflowInterpreter.Apply(definition, null, Some.Started());
        await store.SaveAsync(Write(started, Some.Started()), default);
        using (var connection = new SqliteConnection($"Data Source={Database}"))
        {
            connection.Open();
            Rows(connection, "CREATE TRIGGER full BEFORE INSERT ON Log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
        }
        var done = new StepCompleted(Some.Time, "work", [], "Done");

        var error = await Assert.ThrowsAsync<IOException>(() => store.SaveAsync(Write(WorkflowInterpreter.Apply(definition, started.State, done), done), default));

        Assert.Equal("Transition 2 of instance instance could not be stored: SQLite Error 19: 'the disk is full'.", error.Message);
        Assert.Equal(1, (await store.LoadAsync("instance", default)).State.Events);
    }

    [Fact]
    public async Task What_waits_can_be_found_by_its_deadline_and_by_the_event()
    {
        using var store = WorkflowStore.Open(_folder.Path);
        var flow = new FlowBuilder().Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")));
        var definition = Some.Read(flow, new FakeStep("Work"));
        await store.PublishAsync(definition, flow.Build().ToJsonString(), Some.Time, default);
        var started = WorkflowInterpreter.Apply(definition, null, Some.Started());
        await store.SaveAsync(Write(started, Some.Started()), default);
        var waiting = new StepWaiting(Some.Time, "work", new() { ["asked"] = 2 }, Some.Time.AddDays(1), "people", ["judged"]);

        await store.SaveAsync(Write(WorkflowInterpreter.Apply(definition, started.State, waiting), waiting), default);

        Assert.Empty(await store.DueAsync(Some.Time.AddHours(23), default));
        Assert.Equal([("instance", "work")], await store.DueAsync(Some.Time.AddDays(1), default));
        Assert.Equal(Some.Time.AddDays(1), await store.NextDueAsync(default));
        Assert.Equal(["instance"], await store.WaitersAsync("judged", default));
        Assert.Empty(await store.WaitersAsync("Judged", default));
    }

    [Fact]
    public void A_database_of_a_newer_version_is_refused_by_its_schema()
    {
        WorkflowStore.Open(_folder.Path).Dispose();
        using (var connection = new SqliteConnection($"Data Source={Database}"))
        {
            connection.Open();
            Query(connection, "INSERT INTO __EFMigrationsHistory VALUES ('20990101000000_Later', '99.0') RETURNING MigrationId");
        }

        var error = Assert.Throws<InvalidDataException>(() => WorkflowStore.Open(_folder.Path));
        var newest = typeof(WorkflowStore).Assembly.GetTypes().Select(t => t.GetCustomAttribute<MigrationAttribute>()?.Id).OfType<string>().Max(StringComparer.Ordinal);

        Assert.Equal($"'{Database}' has the schema '20990101000000_Later' of a newer version; this version knows schemas up to '{newest}'.", error.Message);
    }

    [Fact]
    public void A_folder_that_is_not_that_of_the_database_is_refused_by_name()
    {
        var postgres = Rlhf.Tests.Support.PostgresServer.NewDatabase();
        WorkflowStore.Open(_folder.Path, postgres).Dispose();
        WorkflowStore.Open(_folder.Path, postgres).Dispose();
        using var other = new TemporaryFolder();

        var error = Assert.Throws<InvalidDataException>(() => WorkflowStore.Open(other.Path, postgres));

        Assert.StartsWith($"The store '{other.Path}' does not belong to the database", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_changes_until_it_is_published_and_a_file_that_is_published_leaves_it_alone()
    {
        using var store = WorkflowStore.Open(_folder.Path);
        async Task<int> KeepAsync(Func<WorkflowStore, Func<Definitions.WorkflowDefinition, string, DateTimeOffset, CancellationToken, Task<int>>> how, FlowBuilder flow) =>
            await how(store)(Some.Read(flow), flow.Build().ToJsonString(), Some.Time, default);

        int[] versions =
        [
            await KeepAsync(s => (definition, json, at, token) => s.PublishAsync(definition, json, at, token), new FlowBuilder().Line("a")),
            await KeepAsync(s => s.SaveDraftAsync, new FlowBuilder().Line("b")),
            await KeepAsync(s => s.SaveDraftAsync, new FlowBuilder().Line("c")),
            await KeepAsync(s => (definition, json, at, token) => s.PublishAsync(definition, json, at, token), new FlowBuilder().Line("a")),
            await KeepAsync(s => (definition, json, at, token) => s.PublishAsync(definition, json, at, token), new FlowBuilder().Line("c")),
        ];

        Assert.Equal([1, 2, 2, 1, 2], versions);
        Assert.Equal([(2, true), (1, true)], (await store.VersionsAsync("some-flow", default)).Select(v => (v.Version, v.WasPublished)));
        Assert.Equal(2, (await store.FindPublishedAsync("some-flow", default))!.Version);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_by_name()
    {
        File.WriteAllText(Database, string.Concat(Enumerable.Repeat("not a database ", 100)));

        var error = Assert.Throws<InvalidDataException>(() => WorkflowStore.Open(_folder.Path));

        Assert.StartsWith($"'{Database}' is not a database of this product", error.Message);
    }

    [Fact]
    public void The_migrations_make_the_schema_of_the_model()
    {
        WorkflowStore.Open(_folder.Path).Dispose();
        using var migrated = new RuntimeDbContext(new DbContextOptionsBuilder<RuntimeDbContext>().UseSqlite($"Data Source={Database}").Options);
        using var created = new RuntimeDbContext(new DbContextOptionsBuilder<RuntimeDbContext>().UseSqlite($"Data Source={Database}.created").Options);

        created.Database.EnsureCreated();

        Assert.Equal(SchemaOf(created), SchemaOf(migrated));
    }

    static TransitionWrite Write(Transition transition, WorkflowEvent @event) => new(new("some-flow", 1, Singleton: false), transition, @event);

    static List<string> SchemaOf(RuntimeDbContext db)
    {
        using var connection = new SqliteConnection(db.Database.GetConnectionString());
        connection.Open();
        var tables = Rows(connection, "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE '\\_\\_EF%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name");
        return [.. tables, .. tables.SelectMany(t => Rows(connection, $"SELECT '{t}' || '.' || name || ' ' || type || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info('{t}') ORDER BY name"))];
    }

    static string Query(SqliteConnection connection, string sql) => Rows(connection, sql).Single();

    static List<string> Rows(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read()) rows.Add(reader.GetString(0));
        return rows;
    }
}
