using System.Text.Json.Nodes;
using Elsa.Features.Services;
using Rlhf.Adapters.Blob;
using Rlhf.Elsa.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Tests.Support;

/// <summary>A host whose only step is a fake one, and a worker for it that can be stopped and started.</summary>
sealed class FakeWorld : IAsyncDisposable
{
    readonly string _store = Directory.CreateTempSubdirectory("rlhf-elsa-").FullName;
    CancellationTokenSource? _working;
    Task _work = Task.CompletedTask;

    BlobSettings? _container;
    Func<IStepJobs, IStepJobs> _seenThrough = jobs => jobs;

    public RunningHost Host { get; private set; } = null!;

    public IObjectStore Objects => new ElsaHostOptions(_store) { Container = _container }.Objects;

    public StoredStepJobs Jobs => new(Objects);

    public string Store => _store;

    /// <param name="container">Where jobs are; null: the folder of the store.</param>
    /// <param name="seenThrough">What stands between the host and its jobs.</param>
    public static async Task<FakeWorld> StartAsync(string? postgres = null, BlobSettings? container = null, Func<IStepJobs, IStepJobs>? seenThrough = null)
    {
        var world = new FakeWorld { _container = container };
        if (seenThrough is not null) world._seenThrough = seenThrough;
        world.Host = await world.NodeAsync(postgres);
        return world;
    }

    /// <summary>Another node over the same store and database.</summary>
    public Task<RunningHost> NodeAsync(string? postgres = null) => RunningHost.StartAsync(_store, postgres: postgres, more: OnlyFake, container: _container);

    void OnlyFake(IModule elsa) => elsa.Configure<RlhfStepsFeature>(steps => (steps.Steps, steps.Jobs) = ([FakeStep.Contract], _ => _seenThrough(Jobs)));

    public void Work(Func<StepExecution, JsonObject, CancellationToken, Task<StepResult>> answer)
    {
        _working = new();
        var objects = Objects;
        var runner = new StepRunner([new FakeStep(answer)], objects, TimeProvider.System, new Dictionary<string, object>(), TimeSpan.Zero);
        var worker = new StepJobWorker(new(objects), runner, TimeProvider.System, new Dictionary<string, int> { ["cpu"] = 4 }, TimeSpan.FromSeconds(6), null, _ => { });
        _work = worker.RunAsync(TimeSpan.FromSeconds(1), _working.Token);
    }

    public async Task StopWorkAsync()
    {
        if (_working is null) return;
        await _working.CancelAsync();
        await _work;
        _working.Dispose();
        _working = null;
    }

    /// <summary>A flow of the activity <c>fake</c>, whose outputs are bound to variables, and what follows by outcome; published.</summary>
    public async Task PublishAsync(string id, JsonObject? fake = null, JsonArray? activities = null, JsonArray? connections = null)
    {
        var activity = new JsonObject { ["id"] = "fake", ["type"] = "Rlhf.Fake", ["version"] = 1, ["text"] = Literal("String", "hello"), ["newText"] = Bound("String", "t"), ["count"] = Bound("Int64", "c") };
        foreach (var (name, value) in fake ?? []) activity[name] = value?.DeepClone();
        var definition = new JsonObject
        {
            ["definitionId"] = id,
            ["name"] = id,
            ["version"] = 1,
            ["variables"] = new JsonArray(Variable("t", "String"), Variable("c", "Int64")),
            ["root"] = new JsonObject
            {
                ["id"] = "flow",
                ["type"] = "Elsa.Flowchart",
                ["version"] = 1,
                ["activities"] = new JsonArray([activity, .. (activities ?? []).Select(a => a!.DeepClone())]),
                ["connections"] = connections?.DeepClone() ?? new JsonArray(),
            },
        };
        await Host.PublishAsync(definition.ToJsonString());
    }

    public async Task<string> DispatchAsync(string id) =>
        (await Host.AskAsync("POST", $"workflow-definitions/{id}/dispatch", new JsonObject())).Body!["workflowInstanceId"]!.ToString();

    public async Task<JsonNode?> StateAsync(string instance) => (await Host.AskAsync("GET", $"workflow-instances/{instance}")).Body?["workflowState"];

    public async Task<JsonNode> UntilAsync(string instance, string subStatus, double seconds = 20)
    {
        JsonNode? state = null;
        for (var began = Environment.TickCount64; Environment.TickCount64 - began < seconds * 1000; await Task.Delay(100))
        {
            state = await StateAsync(instance);
            if ($"{state?["subStatus"]}" == subStatus) return state!;
        }
        throw new TimeoutException($"Instance {instance} is '{state?["subStatus"]}' after {seconds} s; expected '{subStatus}': {state?["incidents"]}");
    }

    public async Task<Dictionary<string, string>> VariablesAsync(string instance) =>
        ((await Host.AskAsync("GET", $"workflow-instances/{instance}/variables")).Body!["items"] as JsonArray)!.ToDictionary(v => $"{v!["name"]}", v => $"{v!["value"]}");

    public static JsonObject Literal(string type, JsonNode value) => new() { ["typeName"] = type, ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = value } };

    public static JsonObject Script(string type, string script) => new() { ["typeName"] = type, ["expression"] = new JsonObject { ["type"] = "JavaScript", ["value"] = script } };

    public static JsonObject Activity(string id, string type) => new() { ["id"] = id, ["type"] = type, ["version"] = 1 };

    public static JsonObject Connection(string from, string port, string to) =>
        new() { ["source"] = new JsonObject { ["activity"] = from, ["port"] = port }, ["target"] = new JsonObject { ["activity"] = to, ["port"] = "In" } };

    static JsonObject Bound(string type, string variable) => new() { ["typeName"] = type, ["memoryReference"] = new JsonObject { ["id"] = variable } };

    static JsonObject Variable(string name, string type) => new()
    {
        ["id"] = name,
        ["name"] = name,
        ["typeName"] = type,
        ["isArray"] = false,
        ["storageDriverTypeName"] = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core",
    };

    public async ValueTask DisposeAsync()
    {
        await StopWorkAsync();
        await Host.DisposeAsync();
        Directory.Delete(_store, recursive: true);
    }
}
