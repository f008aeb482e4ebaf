using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime;

/// <summary>
/// The embedded engine over one store folder: reads and checks workflow files, starts instances and runs them. Reading and starting need no
/// lock; the first run takes the driver's lock and keeps it until this is disposed.
/// </summary>
public sealed class WorkflowRuntime : IDisposable
{
    readonly string _storePath;
    readonly TimeProvider _time;
    readonly DefinitionReader _reader;
    readonly WorkflowStore _store;
    readonly WorkflowDriver _driver;
    readonly Lock _gate = new();
    DriverLock? _lock;

    /// <exception cref="InvalidDataException">The store's database is of a newer version, or none at all.</exception>
    public WorkflowRuntime(string storePath, StepRunner runner, TimeProvider time, IDriverObserver? observer = null)
    {
        _storePath = storePath;
        _time = time;
        _reader = new(new ActivityCatalog(runner.Steps));
        _store = WorkflowStore.Open(storePath);
        _driver = new(_store, _reader, runner, time, observer);
    }

    /// <summary>Reads a workflow file.</summary>
    /// <exception cref="InvalidDataException">It is no definition, or holds what this runtime does not run.</exception>
    public WorkflowDefinition Read(string definitionFile) => _reader.Read(ReadText(definitionFile), definitionFile);

    /// <summary>Everything that is wrong with a workflow file; empty where it can run.</summary>
    public IReadOnlyList<Finding> Lint(string definitionFile) => WorkflowLint.Check(Read(definitionFile));

    /// <summary>
    /// Makes an instance of the file's workflow, as a new version where its meaning has changed, and returns the instance's id.
    /// </summary>
    /// <exception cref="InvalidDataException">The lint has findings; each stands in a line of the message.</exception>
    /// <exception cref="ArgumentException">An input is unknown or of another type.</exception>
    public async Task<string> StartAsync(string definitionFile, JsonObject inputs, CancellationToken cancellationToken = default)
    {
        var json = ReadText(definitionFile);
        var definition = _reader.Read(json, definitionFile);
        if (WorkflowLint.Check(definition) is { Count: > 0 } findings)
            throw new InvalidDataException(string.Join(Environment.NewLine, findings));
        var bound = WorkflowInputs.Bind(definition, inputs);
        var version = await _store.PublishAsync(definition, json, _time.GetUtcNow(), cancellationToken);
        return await _driver.StartAsync(definition, version, bound, cancellationToken);
    }

    /// <summary>
    /// Runs an instance until it has ended or faulted; waits with it where its steps wait. Cancelled, it leaves the instance to be resumed.
    /// </summary>
    /// <exception cref="DriverBusyException">Another process drives this store.</exception>
    public Task<InstanceResult> RunAsync(string instance, IStepObserver? observer = null, CancellationToken cancellationToken = default)
    {
        Drive();
        return _driver.RunAsync(instance, observer, cancellationToken);
    }

    /// <summary>Runs every open instance; their steps take turns.</summary>
    public async Task<IReadOnlyList<InstanceResult>> RunOpenAsync(
        IStepObserver? observer = null, CancellationToken cancellationToken = default)
    {
        Drive();
        var open = (await ListAsync(cancellationToken)).Where(i => i.IsOpen).OrderBy(i => i.CreatedAt);
        return await Task.WhenAll(open.Select(i => _driver.RunAsync(i.Id, observer, cancellationToken)));
    }

    /// <summary>All instances, the newest first.</summary>
    public Task<IReadOnlyList<InstanceSummary>> ListAsync(CancellationToken cancellationToken = default) =>
        _store.ListAsync(cancellationToken);

    /// <summary>The newest open instance of a definition, or null.</summary>
    public async Task<InstanceSummary?> FindOpenAsync(string definitionId, CancellationToken cancellationToken = default) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(i => i.IsOpen && i.DefinitionId == definitionId);

    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public async Task<InstanceDetails> GetAsync(string instance, CancellationToken cancellationToken = default)
    {
        var stored = await _store.LoadAsync(instance, cancellationToken);
        var definition = _reader.Read(stored.DefinitionJson, stored.Source);
        var (state, result) = (stored.State, WorkflowDriver.ResultOf(stored.State));
        var summary = new InstanceSummary(
            instance, stored.DefinitionId, stored.DefinitionVersion, result.Status, stored.CreatedAt, stored.UpdatedAt, result.Incident);
        var variables = definition.Variables.Select(v => KeyValuePair.Create(v.Name, state.Variables.GetValueOrDefault(v.Id)));
        return new(summary, ToObject(state.Inputs), ToObject(variables), result.Outputs, [.. state.OpenSteps], state.Incidents);
    }

    /// <summary>What happened to an instance, line by line: steps with inputs, outputs, outcome and seconds.</summary>
    public Task<IReadOnlyList<LogEntry>> LogAsync(string instance, CancellationToken cancellationToken = default) =>
        _store.LogAsync(instance, cancellationToken);

    /// <summary>The events that made an instance what it is; applied again in order they give its state.</summary>
    public Task<IReadOnlyList<WorkflowEvent>> EventsAsync(string instance, CancellationToken cancellationToken = default) =>
        _store.EventsAsync(instance, cancellationToken);

    /// <summary>Ends an instance for good; a step of it that runs in this process is stopped.</summary>
    public Task CancelAsync(string instance, CancellationToken cancellationToken = default) =>
        _driver.CancelAsync(instance, cancellationToken);

    /// <summary>Lets a faulted instance go on with exactly the step that failed, when it is run next.</summary>
    public Task RetryAsync(string instance, CancellationToken cancellationToken = default) =>
        _driver.RetryAsync(instance, cancellationToken);

    public void Dispose()
    {
        _driver.Dispose();
        _store.Close();
        _lock?.Dispose();
    }

    /// <summary>Takes the driver's lock now; a run takes it by itself.</summary>
    /// <exception cref="DriverBusyException">Another process drives this store.</exception>
    public void Drive()
    {
        lock (_gate) _lock ??= DriverLock.Acquire(_storePath, _time);
    }

    static JsonObject ToObject(IEnumerable<KeyValuePair<string, JsonNode?>> values) =>
        new(values.Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));

    static string ReadText(string file) =>
        File.Exists(file) ? File.ReadAllText(file) : throw new ArgumentException($"There is no workflow file '{file}'.");
}
