using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

/// <summary>A store that the first version of the product wrote: one instance each that is finished, faulted, killed in a step, new, and waiting.</summary>
public sealed class EarlierStoreTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly FakeTimeProvider _time = new(Some.Time.AddDays(3));

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_open_instance_of_an_earlier_store_goes_on_and_ends_as_it_would_have()
    {
        Restore("schema-1.sql");
        await using var runtime = Open();

        var before = (await runtime.ListAsync()).ToDictionary(i => Topic(runtime, i.Id), i => i.Status);
        var results = await runtime.RunOpenAsync();
        var faulted = (await runtime.ListAsync(new() { Status = WorkflowStatus.Faulted })).Single().Id;
        await runtime.RetryAsync(faulted);
        var retried = await runtime.RunAsync(faulted);

        Assert.Equal(WorkflowStatus.Faulted, before["broken"]);
        Assert.Equal(WorkflowStatus.Suspended, before["waiting"]);
        Assert.All(results.Append(retried), r => Assert.Equal(WorkflowStatus.Finished, r.Status));
        Assert.Equal(
            ["broken first ask judge judge#2 last", "killed first ask judge judge#2 last", "new first ask judge judge#2 last", "waiting first ask judge judge#2 last"],
            results.Append(retried).Select(r => $"{r.Outputs["result"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_events_of_an_earlier_store_replay_to_its_states()
    {
        Restore("schema-1.sql");
        await using var runtime = Open();

        foreach (var instance in await runtime.ListAsync())
        {
            var replayed = Some.Play(Some.Read(Definition(), Steps()), await runtime.EventsAsync(instance.Id));
            Assert.Equal(instance.Status, replayed.State.Status);
        }
    }

    static string Topic(WorkflowRuntime runtime, string id) => $"{runtime.GetAsync(id).GetAwaiter().GetResult().Inputs["topic"]}";

    WorkflowRuntime Open() => new(new RuntimeOptions(_folder.Path) { Lease = TimeSpan.FromDays(1000) }, Some.Runner(_folder.Path, _time, Steps()), _time);

    // The text ends with the execution, so that the result tells the way the instance took.
    static IStep[] Steps()
    {
        static StepResult Effect(FakeStep.Inputs inputs, StepExecution execution) => FakeStep.Done($"{inputs.Text} {execution.Activity}");
        return [new FakeStep("Pure", Effect, StepKind.Pure), new FakeStep("Work", Effect), new FakeStep("Ask", Effect)];
    }

    System.Text.Json.Nodes.JsonObject Definition()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.Path, "runtime.db")}");
        connection.Open();
        using var command = new SqliteCommand("SELECT Json FROM Definitions", connection);
        return System.Text.Json.Nodes.JsonNode.Parse((string)command.ExecuteScalar()!)!.AsObject();
    }

    void Restore(string dump)
    {
        // A dump names tables in the order of their names, not of their references.
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder.Path, "runtime.db")};Foreign Keys=False");
        connection.Open();
        using var command = new SqliteCommand(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Rlhf.Runtime.Tests", "Store", "Earlier", dump)), connection);
        command.ExecuteNonQuery();
    }
}
