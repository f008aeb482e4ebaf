using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Runtime;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

// What a full store costs: 1,000 suspended and 10,000 finished instances against an empty store, in one run.
// Usage: dotnet run -c Release --project tests/benchmarks/Rlhf.Load [SUSPENDED FINISHED]; RLHF_DATABASE for PostgreSQL (an empty database).
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var (suspended, finished) = args is [var s, var f] ? (int.Parse(s), int.Parse(f)) : (1000, 10_000);
var folder = Directory.CreateTempSubdirectory("rlhf-load-").FullName;
var options = new RuntimeOptions(folder) { Postgres = Environment.GetEnvironmentVariable("RLHF_DATABASE") };
var runner = new StepRunner([], new FolderObjectStore(folder), TimeProvider.System, new Dictionary<string, object>(), TimeSpan.FromMinutes(1));
var file = Path.Combine(folder, "wait.json");
File.WriteAllText(file, Definition);
try
{
    // The first use of everything in the process is paid before anything is measured, except by the start-up, which is a process's own.
    var first = await StartUpAsync();
    await FillAsync(20, 20);
    var empty = await MeasureAsync("nearly empty");
    await FillAsync(suspended - 20 - Probes, finished - 20);
    var full = await MeasureAsync($"{suspended:N0} suspended, {finished:N0} finished");
    Console.WriteLine($"first start-up in a process, schema made: {first:0} ms");
    Console.WriteLine($"full against nearly empty: start-up {full.StartUp / empty.StartUp:0.00}, list {full.List / empty.List:0.00}, transition {full.Transition / empty.Transition:0.00}");
}
finally
{
    Directory.Delete(folder, recursive: true);
}

async Task<double> StartUpAsync()
{
    var clock = Stopwatch.StartNew();
    await using var runtime = new WorkflowRuntime(options, runner, TimeProvider.System);
    await runtime.DriveAsync();
    // Started means: something new is moved on.
    await runtime.RunAsync(await runtime.StartAsync(file, new() { ["wait"] = false }));
    return clock.Elapsed.TotalMilliseconds;
}

async Task FillAsync(int waiting, int done)
{
    await using var runtime = new WorkflowRuntime(options, runner, TimeProvider.System);
    for (var i = 0; i < waiting + done; i++) await runtime.StartAsync(file, new() { ["wait"] = i < waiting });
}

async Task<(double StartUp, double List, double Transition)> MeasureAsync(string name)
{
    var startUp = Median(await RepeatAsync(5, StartUpAsync));
    await using var runtime = new WorkflowRuntime(options, runner, TimeProvider.System);
    var list = Median(await RepeatAsync(50, () => TimeAsync(() => runtime.ListAsync(new(Take: 50)))));
    var open = Median(await RepeatAsync(50, () => TimeAsync(() => runtime.ListAsync(new(Take: 50) { Status = WorkflowStatus.Suspended }))));
    var ids = new List<string>();
    for (var i = 0; i < Probes; i++) ids.Add(await runtime.StartAsync(file, new() { ["wait"] = true }));
    using var store = WorkflowStore.Open(folder, options.Postgres);
    var transitions = Transitions(store);
    var times = new List<double>();
    foreach (var id in ids) times.Add(await TimeAsync(() => transitions.ApplyAsync(id, (_, _, now) => new EventReceived(now, "answered", null), default)));
    var result = (startUp, list, Median(times));
    Console.WriteLine($"{name}: start-up {startUp:0} ms, list {list:0.0} ms, list suspended {open:0.0} ms, transition {Median(times):0.0} ms (median), {Percentile(times, 0.99):0.0} ms (99th)");
    return result;
}

Transitions Transitions(WorkflowStore store) =>
    new(store, new(new(new Rlhf.Runtime.Definitions.ActivityCatalog([]))), [], TimeProvider.System, null, new());

static async Task<List<double>> RepeatAsync(int times, Func<Task<double>> measure)
{
    var all = new List<double>();
    for (var i = 0; i < times; i++) all.Add(await measure());
    return all;
}

static async Task<double> TimeAsync(Func<Task> action)
{
    var clock = Stopwatch.StartNew();
    await action();
    return clock.Elapsed.TotalMilliseconds;
}

static double Median(IReadOnlyList<double> values) => Percentile(values, 0.5);

static double Percentile(IReadOnlyList<double> values, double share) => values.Order().ElementAt((int)((values.Count - 1) * share));

/// <summary>An instance that ends at once, or waits for an event that has variables and a decision around it.</summary>
partial class Program
{
    const int Probes = 200;

    const string Definition = """
        {
          "definitionId": "load", "name": "load",
          "inputs": [{ "name": "wait", "type": "Boolean" }],
          "variables": [{ "id": "n", "name": "n", "typeName": "Int32", "value": "1" }],
          "root": { "id": "flow", "type": "Elsa.Flowchart",
            "activities": [
              { "id": "start", "type": "Elsa.Start" },
              { "id": "decide", "type": "Elsa.FlowDecision", "condition": { "typeName": "Boolean", "expression": { "type": "JavaScript", "value": "getInput('wait')" } } },
              { "id": "wait", "type": "Elsa.Event", "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "answered" } } },
              { "id": "count", "type": "Elsa.SetVariable", "variable": { "id": "n" }, "value": { "typeName": "Int32", "expression": { "type": "JavaScript", "value": "getN() + 1" } } },
              { "id": "done", "type": "Elsa.WriteLine", "text": { "typeName": "String", "expression": { "type": "Literal", "value": "done" } } }
            ],
            "connections": [
              { "source": { "activity": "start", "port": "Done" }, "target": { "activity": "decide", "port": "In" } },
              { "source": { "activity": "decide", "port": "True" }, "target": { "activity": "wait", "port": "In" } },
              { "source": { "activity": "decide", "port": "False" }, "target": { "activity": "done", "port": "In" } },
              { "source": { "activity": "wait", "port": "Done" }, "target": { "activity": "count", "port": "In" } },
              { "source": { "activity": "count", "port": "Done" }, "target": { "activity": "done", "port": "In" } }
            ] }
        }
        """;
}
