using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Jobs;
using Rlhf.Runtime.Labeling;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime;

/// <summary>
/// The embedded engine over one store. Reading, starting, cancelling, retrying and sending events need no lock and work beside any other
/// process; <see cref="DriveAsync"/> makes this process the one that moves instances on, <see cref="WorkAsync"/> lets it run steps only.
/// </summary>
public sealed class WorkflowRuntime : IAsyncDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan TakeOver = TimeSpan.FromSeconds(2);

    readonly RuntimeOptions _options;
    readonly StepRunner _runner;
    readonly TimeProvider _time;
    readonly DefinitionReader _reader;
    readonly DefinitionCache _definitions;
    readonly WorkflowStore _store;
    readonly Transitions _transitions;
    readonly Pulse _pulse = new();
    readonly Engine _engine;

    /// <exception cref="InvalidDataException">The store's database is of a newer version, or none at all.</exception>
    /// <exception cref="IOException">The database cannot be reached.</exception>
    public WorkflowRuntime(RuntimeOptions options, StepRunner runner, TimeProvider time, IDriverObserver? observer = null)
    {
        (_options, _runner, _time) = (options, runner, time);
        var catalog = new ActivityCatalog(runner.Steps);
        (_reader, Activities) = (new(catalog), catalog.All);
        _definitions = new(_reader);
        _store = WorkflowStore.Open(options.Folder, options.Postgres, runner.Objects);
        _transitions = new(_store, _definitions, runner.Steps, time, observer, _pulse);
        Library = new(_store, _reader, catalog, options.Workflows, time);
        Desk = new LabelingDesk(_store.Database, time, _pulse);
        Queue = new(_store.Database, time, _pulse);
        Credentials = new(_store.Database, time);
        Subjects = new(_store.Database, time);
        Instances = new(_store, _definitions, _pulse);
        Schedules = new(_store, new(_store, _transitions, _definitions, options, time), time);
        _engine = new(_store, _transitions, _definitions, runner, options, time, _pulse, observer);
    }

    /// <summary>Where the artifacts are that steps take and give.</summary>
    public IObjectStore Objects => _runner.Objects;

    /// <summary>Every type of activity that this runtime runs: Elsa's own and the steps.</summary>
    public IReadOnlyList<ActivityType> Activities { get; }

    /// <summary>Finds instances, shows each in full, and removes those that have ended.</summary>
    public InstanceLibrary Instances { get; }

    /// <summary>The definitions: drafts, what is published, and the files.</summary>
    public WorkflowLibrary Library { get; }

    /// <summary>The triggers of published workflows: when they are due, fired by hand, paused.</summary>
    public ScheduleAdmin Schedules { get; }

    /// <summary>Where questions wait for people.</summary>
    public ILabelingDesk Desk { get; }

    /// <summary>Hands these questions to people one by one.</summary>
    public LabelingQueue Queue { get; }

    /// <summary>Who may come in over HTTP.</summary>
    public Credentials Credentials { get; }

    /// <summary>Which names belong to people whom an issuer knows.</summary>
    public Subjects Subjects { get; }

    /// <summary>Reads a workflow file.</summary>
    /// <exception cref="InvalidDataException">It is no definition, or holds what this runtime does not run.</exception>
    public WorkflowDefinition Read(string definitionFile) => _reader.Read(ReadText(definitionFile), definitionFile);

    /// <summary>Everything that is wrong with a workflow file; it can run where none of it is an error.</summary>
    public IReadOnlyList<Finding> Lint(string definitionFile) => WorkflowLint.Check(Read(definitionFile));

    /// <summary>The inputs that an instance of the file would have: checked, with defaults, names resolved.</summary>
    /// <exception cref="InvalidDataException">The lint has errors; each stands in a line of the message.</exception>
    /// <exception cref="ArgumentException">An input is unknown, of another type, or needed and missing, or a name stands for nothing.</exception>
    public Task<JsonObject> BindAsync(string definitionFile, JsonObject inputs, CancellationToken cancellationToken = default) =>
        ResolvedInputs.BindAsync(Checked(Read(definitionFile)), inputs, _options.ResolveInput, cancellationToken);

    /// <summary>Makes a workflow file the newest published version of its definition, where its meaning has changed; returns the version.</summary>
    /// <exception cref="InvalidDataException">The lint has errors; each stands in a line of the message.</exception>
    public async Task<int> PublishAsync(string definitionFile, CancellationToken cancellationToken = default)
    {
        var json = ReadText(definitionFile);
        return await _store.PublishAsync(Checked(_reader.Read(json, definitionFile)), json, _time.GetUtcNow(), cancellationToken);
    }

    /// <summary>
    /// Makes an instance of the file's workflow, as a new version where its meaning has changed, and returns the instance's id.
    /// </summary>
    /// <exception cref="InvalidDataException">The lint has errors; each stands in a line of the message.</exception>
    /// <exception cref="ArgumentException">An input is unknown or of another type.</exception>
    /// <exception cref="SingletonException">The workflow allows one open instance only, and there is one.</exception>
    public Task<string> StartAsync(string definitionFile, JsonObject inputs, CancellationToken cancellationToken = default) =>
        StartAsync(definitionFile, inputs, startedBy: null, cancellationToken);

    /// <summary>The same in somebody's name, which the instance, those that it dispatches and their step records keep.</summary>
    /// <inheritdoc cref="StartAsync(string, JsonObject, CancellationToken)"/>
    public async Task<string> StartAsync(string definitionFile, JsonObject inputs, string? startedBy, CancellationToken cancellationToken)
    {
        var id = InstanceIds.New(_time);
        await StartAsync(id, definitionFile, inputs, startedBy, cancellationToken);
        return id;
    }

    /// <summary>The same under an id that the caller chose, so that whoever asks twice starts once; false where there is such an instance.</summary>
    /// <param name="id">32 hexadecimal digits.</param>
    /// <inheritdoc cref="StartAsync(string, JsonObject, string, CancellationToken)"/>
    public async Task<bool> StartOnceAsync(string id, string definitionFile, JsonObject inputs, string? startedBy, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(id, cancellationToken) is not null) return false;
        try
        {
            await StartAsync(id, definitionFile, inputs, startedBy, cancellationToken);
            return true;
        }
        catch (InstanceChangedException)
        {
            return false;
        }
    }

    /// <summary>
    /// Makes an instance of a version that the store has, and returns its id, or null where there is no such version. A draft that is run is
    /// pinned by it: it never changes again, and who saves goes on in a new version.
    /// </summary>
    /// <param name="trigger">The activity that starts it, as its trigger would; null: the flowchart's own start.</param>
    /// <param name="label">Who starts it and what they call it by; null: nobody, nothing.</param>
    /// <exception cref="InvalidDataException">The version is none that runs; each reason stands in a line of the message.</exception>
    /// <exception cref="ArgumentException">An input is unknown or of another type, or there is no such trigger.</exception>
    /// <exception cref="SingletonException">The workflow allows one open instance only, and there is one.</exception>
    public async Task<string?> StartVersionAsync(
        string definitionId, VersionOptions version, JsonObject inputs, string? trigger = null, InstanceLabel? label = null,
        CancellationToken cancellationToken = default)
    {
        while (await _store.FindAsync(definitionId, version, cancellationToken) is { } stored)
        {
            // Not by the cache, which takes a version for one that never changes.
            var definition = Checked(_reader.Read(stored.Json, stored.Source.Length > 0 ? stored.Source : stored.DefinitionId));
            if (trigger is not null && definition.Root.Activities.All(a => a.Id != trigger))
                throw new ArgumentException($"{definitionId}: '{trigger}' is no activity that can start it; known are {string.Join(", ", definition.Root.Activities.Select(a => a.Id))}.");
            var bound = await ResolvedInputs.BindAsync(definition, inputs, _options.ResolveInput, cancellationToken);
            var id = InstanceIds.New(_time);
            try
            {
                var identity = new InstanceIdentity(definitionId, stored.Version, definition.Singleton) { StartedBy = label?.StartedBy, CorrelationId = label?.CorrelationId, Name = label?.Name };
                await _transitions.StartAsync(
                    definition, identity, new(_time.GetUtcNow(), id, bound, trigger) { Triggered = trigger is not null }, cancellationToken,
                    also: (db, token) => WorkflowStore.PinAsync(db, stored, token));
                return id;
            }
            catch (DefinitionChangedException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return null;
    }

    async Task StartAsync(string id, string definitionFile, JsonObject inputs, string? startedBy, CancellationToken cancellationToken)
    {
        var json = ReadText(definitionFile);
        var definition = Checked(_reader.Read(json, definitionFile));
        var bound = await ResolvedInputs.BindAsync(definition, inputs, _options.ResolveInput, cancellationToken);
        var version = await _store.PublishAsync(definition, json, _time.GetUtcNow(), cancellationToken, republishes: false);
        await _transitions.StartAsync(
            definition, new(definition.DefinitionId, version, definition.Singleton) { StartedBy = startedBy }, new(_time.GetUtcNow(), id, bound), cancellationToken);
    }

    /// <summary>
    /// Drives the store and runs its steps in the background of this process until this is disposed of; nothing where it does so already.
    /// </summary>
    /// <exception cref="DriverBusyException">Another process drives this store.</exception>
    public Task DriveAsync(CancellationToken cancellationToken = default) => _engine.DriveAsync(cancellationToken);

    /// <summary>Drives the store if no other process does; true where this process drives it now.</summary>
    public Task<bool> TryDriveAsync(CancellationToken cancellationToken = default) => _engine.TryDriveAsync(cancellationToken);

    /// <summary>Runs steps of the store's queues until cancelled; then lets them reach their next checkpoint and hands them over.</summary>
    /// <exception cref="InvalidOperationException">The store is SQLite, whose jobs one process alone carries.</exception>
    public Task WorkAsync(CancellationToken cancellationToken) => _engine.WorkAsync(cancellationToken);

    /// <summary>Waits until the engine in this process stops by itself, and gives the reason; only after <see cref="DriveAsync"/>.</summary>
    public Task EngineAsync() => _engine.Completion ?? throw new InvalidOperationException("This process does not drive the store.");

    /// <summary>
    /// Follows an instance until it has ended or faulted, driving the store meanwhile where no one else does. Cancelled, it leaves the
    /// instance to be resumed.
    /// </summary>
    public Task<InstanceResult> RunAsync(string instance, IStepObserver? observer = null, CancellationToken cancellationToken = default) =>
        FollowAsync(instance, observer, untilPeople: false, cancellationToken);

    /// <summary>The same, but no longer than until nothing but the answers of people can move the instance on; then it is suspended.</summary>
    public Task<InstanceResult> RunUntilPeopleAsync(string instance, IStepObserver? observer = null, CancellationToken cancellationToken = default) =>
        FollowAsync(instance, observer, untilPeople: true, cancellationToken);

    /// <summary>
    /// What an instance, or one that it dispatched, waits for people for; empty where something else can move it on, too.
    /// </summary>
    public Task<IReadOnlyList<PeopleWait>> PeopleAsync(string instance, CancellationToken cancellationToken = default) =>
        PeopleWaits.OfAsync(_store, Desk, instance, _time.GetUtcNow(), cancellationToken);

    /// <summary>Makes what waits for people in another program, in an instance or in one that it dispatched, look there now.</summary>
    public async Task LookForAnswersAsync(string instance, CancellationToken cancellationToken = default)
    {
        foreach (var wait in (await PeopleAsync(instance, cancellationToken)).Where(w => w.Event is not null))
            await SendEventAsync(wait.Event!, null, wait.Instance, cancellationToken);
    }

    async Task<InstanceResult> FollowAsync(string instance, IStepObserver? observer, bool untilPeople, CancellationToken cancellationToken)
    {
        var follower = new Follower(_store, instance, observer);
        var (tried, isFirst) = (0L, true);
        while (true)
        {
            var stored = _pulse.Next;
            if (isFirst || (!_engine.IsAlive && _time.GetElapsedTime(tried) > TakeOver))
            {
                (tried, isFirst) = (_time.GetTimestamp(), false);
                await _engine.ThrowIfStoppedAsync();
                await _engine.TryDriveAsync(cancellationToken);
            }
            if (await follower.LookAsync(cancellationToken) is { } result) return result;
            if (untilPeople && await PeopleAsync(instance, cancellationToken) is { Count: > 0 })
                return Follower.ResultOf((await _store.LoadAsync(instance, cancellationToken)).State);
            await _engine.ThrowIfStoppedAsync();
            await Pulse.WaitAsync(stored, Look, cancellationToken);
        }
    }

    /// <summary>Runs every open instance until each has ended or faulted.</summary>
    public async Task<IReadOnlyList<InstanceResult>> RunOpenAsync(CancellationToken cancellationToken = default)
    {
        var open = (await ListAsync(new(Take: 10_000) { OnlyOpen = true }, cancellationToken)).OrderBy(i => i.CreatedAt);
        return await Task.WhenAll(open.Select(i => RunAsync(i.Id, null, cancellationToken)));
    }

    /// <summary>Instances, the newest first.</summary>
    public Task<IReadOnlyList<InstanceSummary>> ListAsync(InstanceQuery? query = null, CancellationToken cancellationToken = default) =>
        _store.ListAsync(query ?? new(), cancellationToken);

    /// <summary>The newest open instance of a definition, or null.</summary>
    public async Task<InstanceSummary?> FindOpenAsync(string definitionId, CancellationToken cancellationToken = default) =>
        await ListAsync(new(Take: 1) { OnlyOpen = true, DefinitionId = definitionId }, cancellationToken) is [var open] ? open : null;

    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public async Task<InstanceDetails> GetAsync(string instance, CancellationToken cancellationToken = default)
    {
        var stored = await _store.LoadAsync(instance, cancellationToken);
        var definition = _definitions.Read(stored);
        var (state, result) = (stored.State, Follower.ResultOf(stored.State));
        var summary = new InstanceSummary(
            instance, stored.Identity.DefinitionId, stored.Identity.Version, result.Status, stored.CreatedAt, stored.UpdatedAt, result.Incident)
        { Parent = stored.Identity.Parent, StartedBy = stored.Identity.StartedBy, CorrelationId = stored.Identity.CorrelationId, Name = stored.Identity.Name };
        var variables = definition.Variables.Select(v => KeyValuePair.Create(v.Name, state.Variables.GetValueOrDefault(v.Id)));
        var steps = (await _store.JobsAsync(null, cancellationToken, instance)).Select(Follower.ProgressOf).ToList();
        return new(summary, ToObject(state.Inputs), ToObject(variables), result.Outputs, [.. state.OpenSteps], state.Incidents, steps);
    }

    /// <summary>What happened to an instance, line by line: steps with inputs, outputs, outcome and seconds.</summary>
    public Task<IReadOnlyList<LogEntry>> LogAsync(string instance, CancellationToken cancellationToken = default) =>
        _store.LogAsync(instance, 0, cancellationToken);

    /// <summary>The events that made an instance what it is; applied again in order they give its state.</summary>
    public Task<IReadOnlyList<WorkflowEvent>> EventsAsync(string instance, CancellationToken cancellationToken = default) =>
        _store.EventsAsync(instance, cancellationToken);

    /// <summary>Ends an instance for good; a step of it that runs anywhere stops at its next update.</summary>
    /// <exception cref="ArgumentException">There is no such instance, or it has ended.</exception>
    public Task CancelAsync(string instance, CancellationToken cancellationToken = default) =>
        _transitions.ApplyAsync(instance, (_, _, now) => new Cancelled(now), cancellationToken);

    /// <summary>Gives variables of an instance other values; what is bound already, such as the inputs of a running step, stays as it is.</summary>
    /// <param name="values">By the variables' ids or names; those not named stay as they are.</param>
    /// <param name="by">Who does it, for the log.</param>
    /// <exception cref="ArgumentException">There is no such instance or variable, a value is not of its variable's type, or the instance has ended.</exception>
    public Task SetVariablesAsync(string instance, JsonObject values, string? by, CancellationToken cancellationToken = default) =>
        _transitions.ApplyAsync(instance, (definition, _, now) => new VariablesSet(now, ById(definition, values), by), cancellationToken);

    /// <summary>Lets a faulted instance go on with exactly what failed.</summary>
    /// <param name="acceptStepVersion">Go on even where a step's version was raised since the instance began.</param>
    /// <exception cref="ArgumentException">The instance is not faulted, or a step's version was raised and that is not accepted.</exception>
    public Task RetryAsync(string instance, bool acceptStepVersion = false, CancellationToken cancellationToken = default) =>
        _transitions.ApplyAsync(instance, (definition, state, now) =>
        {
            var raised = StepVersionChanges.Of(definition, state, _transitions.StepVersions);
            if (raised.Count > 0 && !acceptStepVersion)
                throw new ArgumentException($"Instance {instance}: {string.Join(", ", raised)}. Its result may differ; --accept-step-version goes on.");
            return acceptStepVersion ? new Retried(now) { StepVersions = _transitions.StepVersions } : new Retried(now);
        }, cancellationToken);

    /// <summary>
    /// Answers a checkpoint: the event that just this execution waits for. Unlike an event that is sent, it is never kept for the next one that waits for the same.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such instance, or this execution of it waits for no event, or no longer.</exception>
    public Task AnswerAsync(string instance, string execution, JsonNode? payload, CancellationToken cancellationToken = default) =>
        _transitions.ApplyAsync(instance, (definition, state, now) =>
            state.Open.Find(e => e.Id == execution) is { IsWaiting: true, WakeEvents: [var name] } open && definition.Find(open.Activity)?.Type.Name == ActivityCatalog.Event
            ? new EventReceived(now, name, payload?.DeepClone())
            : throw new ArgumentException($"'{execution}' of instance {instance} waits for no answer, or has one by now; nothing was sent."), cancellationToken);

    /// <summary>
    /// Sends an event. Without an instance it goes to all that wait for it, now or within a minute; to an instance it is kept until that
    /// instance waits for it or has ended.
    /// </summary>
    /// <returns>How many instances wait for it right now.</returns>
    /// <exception cref="ArgumentException">There is no such instance, or it has ended.</exception>
    public async Task<int> SendEventAsync(string name, JsonNode? payload, string? instance = null, CancellationToken cancellationToken = default)
    {
        if (name.Trim().Length == 0) throw new ArgumentException("An event needs a name.");
        if (instance is not null && (await _store.LoadAsync(instance, cancellationToken)).State is { Ended: true } ended)
            throw new ArgumentException($"Instance {instance} is {ended.Status}; no event can reach it any more.");
        var waiting = await _store.WaitersAsync(name, cancellationToken);
        await _store.SendAsync(Messages.Of(MessageKind.Event, instance, new EventMessage(name, payload, instance is not null), _time.GetUtcNow()), cancellationToken);
        _pulse.Fire();
        return waiting.Count(w => instance is null || w == instance);
    }

    /// <summary>The instance, or null where this store does not know it.</summary>
    public async Task<InstanceSummary?> FindAsync(string instance, CancellationToken cancellationToken = default) =>
        (await _store.ListAsync(new(Take: 1) { Id = instance }, cancellationToken)).SingleOrDefault();

    /// <summary>The artifacts that workflows, drafts too, and instances that may still go on refer to, failed ones included.</summary>
    public Task<IReadOnlyCollection<ArtifactRef>> ArtifactsInUseAsync(CancellationToken cancellationToken = default) => _store.ArtifactsInUseAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        Library.Dispose();
        _store.Dispose();
    }

    static JsonObject ById(WorkflowDefinition definition, JsonObject values)
    {
        var byId = new JsonObject();
        foreach (var (name, value) in values)
        {
            var variable = definition.Variables.FirstOrDefault(v => v.Id == name) ?? definition.Variables.FirstOrDefault(v => v.Name == name);
            if (!byId.TryAdd(variable?.Id ?? name, value?.DeepClone())) throw new ArgumentException($"'{name}' is given a value twice, by its id and by its name; expected each variable once.");
        }
        return byId;
    }

    static WorkflowDefinition Checked(WorkflowDefinition definition) =>
        WorkflowLint.Errors(definition) is { Count: > 0 } findings ? throw new InvalidDataException(string.Join(Environment.NewLine, findings)) : definition;

    static JsonObject ToObject(IEnumerable<KeyValuePair<string, JsonNode?>> values) =>
        new(values.Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone())));

    static string ReadText(string file) =>
        File.Exists(file) ? File.ReadAllText(file) : throw new ArgumentException($"There is no workflow file '{file}'.");
}
