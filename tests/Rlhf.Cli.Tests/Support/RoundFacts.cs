using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Cli.Workflows;
using Rlhf.Runtime;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Tests.Support;

/// <summary>What a round leaves behind that must be the same whatever happened on the way: all but ids, times and who did it.</summary>
sealed record RoundFacts(string Outputs, string[] Artifacts, string[] Metrics, string[] Records, string[] Steps)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Reads the only instance of a store; it must have ended, and its events must give its state again.</summary>
    public static async Task<RoundFacts> ReadAsync(string store, string? database = null)
    {
        await using var workspace = new Workspace(store);
        await using var runtime = new WorkflowRuntime(new(store) { Postgres = database }, workspace.Runner, TimeProvider.System);
        var instance = Assert.Single(await runtime.ListAsync(cancellationToken: Token));
        Assert.Equal(WorkflowStatus.Finished, instance.Status);
        await ReplayAsync(runtime, instance.Id, database is null ? Look.Sqlite(store) : Look.Postgres(database));
        var records = await new StepRecords(new FolderObjectStore(store)).ListAsync(Token);
        return new(
            CanonicalJson.ToText((await runtime.GetAsync(instance.Id, Token)).Outputs),
            await Stored.Artifacts(store), await Stored.Metrics(store),
            [.. records.Select(r => $"{r.Activity} {r.Step}: {CanonicalJson.ToText(r.Outputs)}").Order(StringComparer.Ordinal)],
            [.. (await runtime.LogAsync(instance.Id, Token)).Where(l => l.Event == LogEvent.Completed).Select(Line)]);
    }

    public static async Task AssertSameAsync(FinishedRound undisturbed, Site site)
    {
        var (expected, facts) = (undisturbed.Facts, await ReadAsync(site.Store, site.Database));
        Assert.Equal(expected.Outputs, facts.Outputs);
        Assert.Equal(expected.Artifacts, facts.Artifacts);
        Assert.Equal(expected.Metrics, facts.Metrics);
        Assert.Equal(expected.Records, facts.Records);
        Assert.Equal(expected.Steps, facts.Steps);
        var verified = await site.RunAsync("artifacts", "verify", "--json");
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Error);
    }

    static async Task ReplayAsync(WorkflowRuntime runtime, string instance, Look look)
    {
        var definition = runtime.Read(WorkflowFiles.Definition(Path.Combine(Rlhf.Root, "workflows", "rlhf-round.json")));
        WorkflowState? state = null;
        foreach (var @event in await runtime.EventsAsync(instance, Token)) state = WorkflowInterpreter.Apply(definition, state, @event).State;
        var stored = Assert.Single(await look.InstancesAsync()).State;
        Assert.Equal(WorkflowState.Parse(stored, "the stored state").ToText(), state!.ToText());
    }

    static string Line(LogEntry line) => $"{line.Execution} {string.Join(",", line.Outcomes ?? [])} {(line.Outputs is { } outputs ? CanonicalJson.ToText(outputs) : "")}";
}
