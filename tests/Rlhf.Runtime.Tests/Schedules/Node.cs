using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Jobs;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Schedules;

/// <summary>Where the nodes of a test keep what they share: a folder, and a database of PostgreSQL where there is one.</summary>
internal sealed record Place(string Folder, string? Postgres = null);

/// <summary>A driver and a worker without threads or locks of their own: every tick is called for, and steps run within it.</summary>
internal sealed class Node : IJobCarrier, IDisposable
{
    readonly Queue<JobKey> _carried = new();
    readonly TimeProvider _time;
    readonly DefinitionReader _reader;
    readonly WorkflowDriver _driver;
    readonly StepWorker _worker;
    readonly ScheduledStarts _starts;
    readonly IDriverObserver? _observer;
    bool _recovered;

    public Node(Place place, TimeProvider time, IEnumerable<IStep> steps, IDriverObserver? observer = null, Func<string, CancellationToken, Task<string>>? resolve = null, string? leftTo = null)
    {
        var runner = Some.Runner(place.Folder, time, steps);
        var options = new RuntimeOptions(place.Folder) { Postgres = place.Postgres, ResolveInput = resolve is null ? null : (_, text, token) => resolve(text, token), SchedulesLeftTo = leftTo };
        var pulse = new Pulse();
        (_time, _observer) = (time, observer);
        _reader = new(new ActivityCatalog(runner.Steps));
        var definitions = new DefinitionCache(_reader);
        Store = WorkflowStore.Open(place.Folder, place.Postgres);
        Transitions = new(Store, definitions, runner.Steps, time, observer, pulse);
        _starts = new(Store, Transitions, definitions, options, time);
        _worker = new(Store, runner, options, time, pulse, observer, embedded: true);
        _driver = new(Store, Transitions, definitions, this, new Scheduler(Store, Transitions, definitions, options, time, observer), options, time, observer);
    }

    /// <summary>True: steps are done as soon as they are claimed, without a worker and without outputs.</summary>
    public bool Instant { get; init; }

    public WorkflowStore Store { get; }

    public Transitions Transitions { get; }

    public ScheduleAdmin Schedules => new(Store, _starts, _time);

    public void Carry(string queue, JobKey job) => _carried.Enqueue(job);

    /// <summary>Ticks until there is nothing left to do now.</summary>
    public async Task TickAsync()
    {
        if (!_recovered) await _driver.RecoverAsync(othersAreDead: true, CancellationToken.None);
        _recovered = true;
        do
        {
            while (_carried.TryDequeue(out var job)) await (Instant ? AnswerAsync(job) : WorkAsync(job));
            await _driver.TickAsync(CancellationToken.None);
        }
        while (_carried.Count > 0);
    }

    async Task WorkAsync(JobKey job)
    {
        await _worker.RunAsync(job);
        if (_worker.Crash.Task.IsFaulted) await _worker.Crash.Task;
    }

    async Task AnswerAsync(JobKey job)
    {
        if (await Store.ClaimAsync(job, _worker.Name, _time.GetUtcNow(), CancellationToken.None) is null) return;
        _observer?.Dispatching(job.Instance, job.Execution);
        var answer = new StepCompleted(_time.GetUtcNow(), job.Execution, [], "Done");
        _observer?.Answering(job.Instance, job.Execution);
        await Store.AnswerAsync(job, answer.ToText(), CancellationToken.None);
    }

    public async Task<WorkflowDefinition> PublishAsync(JsonObject json)
    {
        var definition = _reader.Read(json.ToJsonString(), $"{json["definitionId"]}.json");
        await Store.PublishAsync(definition, json.ToJsonString(), _time.GetUtcNow(), CancellationToken.None);
        return definition;
    }

    /// <summary>Starts an instance of a published definition as people do.</summary>
    public async Task<string> StartAsync(WorkflowDefinition definition, JsonObject inputs)
    {
        var (id, version) = (InstanceIds.New(_time), (await Store.FindPublishedAsync(definition.DefinitionId, CancellationToken.None))!.Version);
        var started = new Started(_time.GetUtcNow(), id, WorkflowInputs.Bind(definition, inputs));
        await Transitions.StartAsync(definition, new(definition.DefinitionId, version, definition.Singleton), started, CancellationToken.None);
        return id;
    }

    public async Task<IReadOnlyList<InstanceSummary>> InstancesAsync(string? definitionId = null) =>
        [.. (await Store.ListAsync(new(Take: 10_000) { DefinitionId = definitionId }, CancellationToken.None)).Reverse()];

    public async Task<IReadOnlyList<FiringRow>> FiringsAsync()
    {
        await using var db = Store.Database.Connect();
        return [.. db.Firings.OrderBy(f => f.Due)];
    }

    public void Dispose()
    {
        _worker.Dispose();
        Store.Dispose();
    }
}
