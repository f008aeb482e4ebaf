using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Jobs;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Runtime.Tests.Jobs;

/// <summary>Databases that tests run on: SQLite always, PostgreSQL where it is installed.</summary>
public enum Kind { Sqlite, Postgres }

/// <summary>One store, a driver that ticks when it is told to, and as many workers as a test wants; jobs are brought by hand.</summary>
internal sealed class Cluster : IJobCarrier, IDriverObserver, IDisposable
{
    static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    readonly TemporaryFolder _folder = new();
    readonly RuntimeOptions _options;
    readonly IStep[] _steps;
    readonly Pulse _pulse = new();
    readonly DefinitionReader _reader;
    readonly DefinitionCache _definitions;

    public Cluster(Kind kind, params IStep[] steps)
    {
        _steps = steps;
        _options = new(_folder.Path)
        {
            Postgres = kind == Kind.Postgres ? PostgresServer.NewDatabase() : null,
            Lease = Lease,
            Heartbeat = TimeSpan.FromMilliseconds(20),
        };
        var runner = Runner();
        _reader = new(new ActivityCatalog(runner.Steps));
        _definitions = new(_reader);
        Store = WorkflowStore.Open(_options.Folder, _options.Postgres);
        Transitions = new(Store, _definitions, runner.Steps, Time, this, _pulse);
        Driver = NewDriver();
    }

    public FakeTimeProvider Time { get; } = new(Some.Time);

    public WorkflowStore Store { get; }

    public Transitions Transitions { get; }

    public WorkflowDriver Driver { get; private set; }

    public List<(string Queue, JobKey Key)> Carried { get; } = [];

    public List<string> Troubles { get; } = [];

    public void Carry(string queue, JobKey job) => Carried.Add((queue, job));

    public void Trouble(string message) => Troubles.Add(message);

    public StepWorker Worker(params IStep[] steps) => new(Store, Runner(steps.Length > 0 ? steps : _steps), _options, Time, _pulse, this, embedded: false);

    /// <summary>As if the driver's process had ended and another one had begun.</summary>
    public void Restart() => Driver = NewDriver();

    public Task TickAsync() => Driver.TickAsync(CancellationToken.None);

    /// <summary>Ticks, then lets so long pass that nothing was heard of a worker, and ticks again.</summary>
    public async Task LoseAsync()
    {
        await TickAsync();
        Time.Advance(Lease);
        await TickAsync();
    }

    public async Task<string> StartAsync(FlowBuilder flow)
    {
        var (json, id) = (flow.Build().ToJsonString(), InstanceIds.New(Time));
        var definition = _reader.Read(json, "some.json");
        var version = await Store.PublishAsync(definition, json, Time.GetUtcNow(), CancellationToken.None);
        await Transitions.StartAsync(
            definition, new(definition.DefinitionId, version, definition.Singleton), new(Time.GetUtcNow(), id, WorkflowInputs.Bind(definition, [])), CancellationToken.None);
        return id;
    }

    public async Task<WorkflowState> StateAsync(string instance) => (await Store.LoadAsync(instance, CancellationToken.None)).State;

    public async Task<JobRow> JobAsync() => Assert.Single(await Store.JobsAsync(null, CancellationToken.None));

    public void Dispose()
    {
        Store.Dispose();
        _folder.Dispose();
    }

    StepRunner Runner(IStep[]? steps = null) => Some.Runner(_folder.Path, Time, steps ?? _steps);

    WorkflowDriver NewDriver() =>
        new(Store, Transitions, _definitions, this, new Scheduler(Store, Transitions, _definitions, _options, Time, this), _options, Time, this);
}
