using System.Data.Common;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Provenance;

namespace Rlhf.Runtime.Store;

/// <summary>What stays the same about an instance: the version of the definition it is pinned to, who started it, and who dispatched it, how deep.</summary>
internal sealed record InstanceIdentity(string DefinitionId, int Version, bool Singleton)
{
    public string? Parent { get; init; }

    public string? ParentExecution { get; init; }

    /// <summary>The first of all its parents; null for an instance that was not dispatched.</summary>
    public string? Root { get; init; }

    public int Depth { get; init; }

    /// <summary>The person who started it, or the first of all its parents; null where a schedule, an event or nobody known did.</summary>
    public string? StartedBy { get; init; }

    /// <summary>What whoever started it calls it by; null where nothing.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The name that whoever started it gave it, for people; null where none.</summary>
    public string? Name { get; init; }
}

/// <summary>An instance with its definition's text.</summary>
internal sealed record StoredInstance(
    InstanceIdentity Identity, string DefinitionJson, string Source, WorkflowState State, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>
/// A transition as it is stored, whole or not at all: what the interpreter gave, the jobs there are to be from now on (those missing are
/// added, others removed), the messages it sends, and the one it consumes.
/// </summary>
internal sealed record TransitionWrite(InstanceIdentity Identity, Transition Transition, WorkflowEvent Event)
{
    public IReadOnlyList<JobRow> Jobs { get; init; } = [];

    public IReadOnlyList<MessageRow> Messages { get; init; } = [];

    public long? Consumed { get; init; }

    /// <summary>The job whose answer or failure this is: it must still be there, in this epoch.</summary>
    public JobKey? Job { get; init; }

    /// <summary>Further rows of the same transaction.</summary>
    public Func<RuntimeDbContext, CancellationToken, Task>? Also { get; init; }
}

/// <summary>
/// Definitions, instances, their events and log, jobs, messages and schedules; one transaction per transition. Failures of the database
/// propagate; a writer that comes second gets <see cref="InstanceChangedException"/>.
/// </summary>
internal sealed partial class WorkflowStore(Database database) : IDisposable
{
    /// <exception cref="InvalidDataException">It is no database of this product, or one of a newer version.</exception>
    public static WorkflowStore Open(string folder, string? postgres = null, IObjectStore? objects = null) => new(Database.Open(folder, postgres, objects));

    public Database Database => database;

    public void Dispose() => database.Dispose();

    /// <exception cref="InstanceChangedException">
    /// Another transition of this instance, another delivery of the message or another epoch of the job came first; nothing was stored.
    /// </exception>
    /// <exception cref="SingletonException">Another instance of a definition that allows one only is open; nothing was stored.</exception>
    /// <exception cref="IOException">The database cannot be written, such as on a full disk; nothing was stored.</exception>
    public async Task SaveAsync(TransitionWrite write, CancellationToken cancellationToken)
    {
        var state = write.Transition.State;
        try
        {
            await using var db = Connect();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await WriteInstanceAsync(db, write, cancellationToken);
            await WriteWorkAsync(db, write, cancellationToken);
            if (write.Also is { } also) await also(db, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (Exception e) when (e is DbException or DbUpdateException)
        {
            if (Database.IsDuplicate(e) && state.Events > 1)
                throw new InstanceChangedException($"Instance {state.Instance} was changed by someone else; transition {state.Events} was not stored.");
            if (Database.IsDuplicate(e) && await HasInstanceAsync(state.Instance, cancellationToken))
                throw new InstanceChangedException($"Instance {state.Instance} is there already; transition {state.Events} was not stored.");
            if (Database.IsDuplicate(e) && write.Identity.Singleton)
                throw new SingletonException($"'{write.Identity.DefinitionId}' allows one open instance only, and another one was started at the same moment.");
            throw new IOException($"Transition {state.Events} of instance {state.Instance} could not be stored: {(e.InnerException ?? e).Message}", e);
        }
    }

    static async Task WriteInstanceAsync(RuntimeDbContext db, TransitionWrite write, CancellationToken cancellationToken)
    {
        var (state, identity, at) = (write.Transition.State, write.Identity, write.Event.At);
        var incident = state.Incidents is [.., var last] ? Text(last) : null;
        var isOpen = state.Status is WorkflowStatus.Running or WorkflowStatus.Suspended;
        var singleton = identity.Singleton && isOpen ? identity.DefinitionId : null;
        if (singleton is not null
            && await db.Instances.Where(i => i.SingletonKey == singleton && i.Id != state.Instance).Select(i => i.Id).FirstOrDefaultAsync(cancellationToken) is { } other)
            throw new SingletonException($"'{identity.DefinitionId}' allows one open instance only, and {other} is open.");
        if (state.Events == 1)
        {
            db.Instances.Add(new()
            {
                Id = state.Instance,
                DefinitionId = identity.DefinitionId,
                DefinitionVersion = identity.Version,
                Status = state.Status.ToString(),
                State = state.ToText(),
                Revision = state.Events,
                Inputs = Text(state.Inputs),
                Incident = incident,
                Parent = identity.Parent,
                ParentExecution = identity.ParentExecution,
                Root = identity.Root,
                Depth = identity.Depth,
                StartedBy = identity.StartedBy,
                CorrelationId = identity.CorrelationId,
                Name = identity.Name,
                SingletonKey = singleton,
                CreatedAt = at,
                UpdatedAt = at,
            });
            return;
        }
        var changed = await db.Instances.Where(i => i.Id == state.Instance && i.Revision == state.Events - 1).ExecuteUpdateAsync(set => set
            .SetProperty(i => i.Status, state.Status.ToString()).SetProperty(i => i.State, state.ToText())
            .SetProperty(i => i.Revision, state.Events).SetProperty(i => i.Incident, incident)
            .SetProperty(i => i.SingletonKey, singleton).SetProperty(i => i.UpdatedAt, at), cancellationToken);
        if (changed == 0)
            throw new InstanceChangedException($"Instance {state.Instance} was changed by someone else; transition {state.Events} was not stored.");
    }

    static async Task WriteWorkAsync(RuntimeDbContext db, TransitionWrite write, CancellationToken cancellationToken)
    {
        var state = write.Transition.State;
        var id = state.Instance;
        db.Events.Add(new() { InstanceId = id, Number = state.Events, Json = write.Event.ToText() });
        db.Log.AddRange(write.Transition.Log.Select(l => LogRow.Of(id, l)));
        var jobs = write.Jobs;
        if (write.Job is { } job && await db.Jobs
                .Where(j => j.InstanceId == job.Instance && j.Execution == job.Execution && j.Epoch == job.Epoch && j.Status != JobStatus.Running).ExecuteDeleteAsync(cancellationToken) == 0)
            throw new InstanceChangedException($"{job.Execution} of instance {id} was dispatched again; transition {state.Events} was not stored.");
        if (state.Events > 1)
        {
            await db.Waits.Where(w => w.InstanceId == id).ExecuteDeleteAsync(cancellationToken);
            await db.WaitEvents.Where(w => w.InstanceId == id).ExecuteDeleteAsync(cancellationToken);
            var keep = jobs.Select(j => j.Execution).ToList();
            await db.Jobs.Where(j => j.InstanceId == id && !keep.Contains(j.Execution)).ExecuteDeleteAsync(cancellationToken);
            var there = keep.Count == 0 ? [] : await db.Jobs.Where(j => j.InstanceId == id).Select(j => j.Execution).ToListAsync(cancellationToken);
            jobs = [.. jobs.Where(j => !there.Contains(j.Execution))];
        }
        db.Jobs.AddRange(jobs);
        db.Waits.AddRange(state.Waits.Select(e => new WaitRow { InstanceId = id, Execution = e.Id, Due = e.WakeAt, Reason = e.WaitsFor ?? "" }));
        db.WaitEvents.AddRange(state.Waits.SelectMany(e => (e.WakeEvents ?? []).Distinct()
            .Select(name => new WaitEventRow { InstanceId = id, Execution = e.Id, Name = name })));
        db.Messages.AddRange(write.Messages);
        if (write.Consumed is { } message) await ConsumeAsync(db, message, cancellationToken);
    }

    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public async Task<StoredInstance> LoadAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var found = await (
            from i in db.Instances.AsNoTracking()
            join d in db.Definitions on new { i.DefinitionId, Version = i.DefinitionVersion } equals new { d.DefinitionId, d.Version }
            where i.Id == instance
            select new { Row = i, d.Json, d.Source }).FirstOrDefaultAsync(cancellationToken)
            ?? throw new ArgumentException($"There is no instance '{instance}' in this store.");
        var row = found.Row;
        var identity = new InstanceIdentity(row.DefinitionId, row.DefinitionVersion, row.SingletonKey is not null)
        {
            Parent = row.Parent,
            StartedBy = row.StartedBy,
            CorrelationId = row.CorrelationId,
            Name = row.Name,
            ParentExecution = row.ParentExecution,
            Root = row.Root,
            Depth = row.Depth,
        };
        return new(identity, found.Json, found.Source, WorkflowState.Parse(row.State, $"The state of instance {instance}"), row.CreatedAt, row.UpdatedAt);
    }

    public async Task<bool> HasInstanceAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Instances.AnyAsync(i => i.Id == instance, cancellationToken);
    }

    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public async Task<WorkflowStatus> StatusAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var status = await db.Instances.Where(i => i.Id == instance).Select(i => i.Status).FirstOrDefaultAsync(cancellationToken);
        return status is null ? throw new ArgumentException($"There is no instance '{instance}' in this store.") : Enum.Parse<WorkflowStatus>(status);
    }

    /// <summary>An instance and all that it dispatched, directly or not; the oldest first.</summary>
    public async Task<IReadOnlyList<(string Id, WorkflowStatus Status)>> FamilyAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Instances.Where(i => i.Id == instance || i.Root == instance).OrderBy(i => i.Depth).ThenBy(i => i.CreatedAt)
            .Select(i => new { i.Id, i.Status }).ToListAsync(cancellationToken);
        return [.. rows.Select(r => (r.Id, Enum.Parse<WorkflowStatus>(r.Status)))];
    }

    /// <summary>How many instances a root has dispatched, directly or not.</summary>
    public async Task<int> DescendantsAsync(string root, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Instances.CountAsync(i => i.Root == root, cancellationToken);
    }

    /// <summary>Instances, the newest first.</summary>
    public async Task<IReadOnlyList<InstanceSummary>> ListAsync(InstanceQuery query, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var instances = db.Instances.AsNoTracking();
        if (query.Id is { } id) instances = instances.Where(i => i.Id == id);
        if (query.Status is { } status) instances = instances.Where(i => i.Status == status.ToString());
        if (query.OnlyOpen) instances = instances.Where(i => i.Status == nameof(WorkflowStatus.Running) || i.Status == nameof(WorkflowStatus.Suspended));
        if (query.DefinitionId is { } definition) instances = instances.Where(i => i.DefinitionId == definition);
        if (query.Parent is { } parent) instances = instances.Where(i => i.Parent == parent);
        var rows = await instances.OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Id)
            .Select(i => new { i.Id, i.DefinitionId, i.DefinitionVersion, i.Status, i.CreatedAt, i.UpdatedAt, i.Incident, i.Parent, i.StartedBy, i.CorrelationId, i.Name })
            .Skip(query.Skip).Take(query.Take).ToListAsync(cancellationToken);
        return [.. rows.Select(i => new InstanceSummary(
            i.Id, i.DefinitionId, i.DefinitionVersion, Enum.Parse<WorkflowStatus>(i.Status), i.CreatedAt, i.UpdatedAt,
            i.Incident is null ? null : Parse<Incident>(i.Incident, $"The incident of instance {i.Id}"))
        { Parent = i.Parent, StartedBy = i.StartedBy, CorrelationId = i.CorrelationId, Name = i.Name })];
    }

    /// <summary>The artifacts that definitions and instances that have neither finished nor been cancelled refer to, messages on the way included.</summary>
    public async Task<IReadOnlyCollection<ArtifactRef>> ArtifactsInUseAsync(CancellationToken cancellationToken)
    {
        await using var db = Connect();
        // A deleted version is still run by an instance that failed, once it is tried again.
        var texts = db.Definitions.Where(d => d.State != VersionState.Deleted || db.Instances.Any(i => i.DefinitionId == d.DefinitionId && i.DefinitionVersion == d.Version
                && i.Status != nameof(WorkflowStatus.Finished) && i.Status != nameof(WorkflowStatus.Cancelled))).Select(d => d.Json)
            .Concat(db.Instances.Where(i => i.Status != nameof(WorkflowStatus.Finished) && i.Status != nameof(WorkflowStatus.Cancelled)).Select(i => i.State))
            .Concat(db.Messages.Select(m => m.Json));
        var inUse = new HashSet<ArtifactRef>();
        await foreach (var text in texts.AsAsyncEnumerable().WithCancellation(cancellationToken)) inUse.UnionWith(ArtifactRefs.In(text));
        return inUse;
    }

    /// <summary>Log lines after a sequence number, in order.</summary>
    public async Task<IReadOnlyList<LogEntry>> LogAsync(string instance, int after, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Log.AsNoTracking().Where(l => l.InstanceId == instance && l.Sequence > after).OrderBy(l => l.Sequence).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToEntry())];
    }

    /// <summary>The events of an instance, in order.</summary>
    public async Task<IReadOnlyList<WorkflowEvent>> EventsAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Events.AsNoTracking().Where(e => e.InstanceId == instance).OrderBy(e => e.Number).ToListAsync(cancellationToken);
        return [.. rows.Select(r => WorkflowEvent.Parse(r.Json, $"Event {r.Number} of instance {instance}"))];
    }

    /// <summary>Executions whose time has come, the earliest first.</summary>
    public async Task<IReadOnlyList<(string Instance, string Execution)>> DueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Waits.AsNoTracking().Where(w => w.Due <= now).OrderBy(w => w.Due).Select(w => new { w.InstanceId, w.Execution })
            .Take(1000).ToListAsync(cancellationToken);
        return [.. rows.Select(r => (r.InstanceId, r.Execution))];
    }

    /// <summary>The next time at which an execution is to be woken, or null.</summary>
    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken)
    {
        await using var db = Connect();
        return await db.Waits.Where(w => w.Due != null).MinAsync(w => w.Due, cancellationToken);
    }

    RuntimeDbContext Connect() => database.Connect();

    static string Text<T>(T value) => Encoding.UTF8.GetString(CanonicalJson.Serialize(value));

    static T Parse<T>(string json, string what) => CanonicalJson.Deserialize<T>(Encoding.UTF8.GetBytes(json), what);
}

/// <summary>Another transition was stored first.</summary>
internal sealed class InstanceChangedException(string message) : Exception(message);

/// <summary>The definition allows one open instance only, and there is one.</summary>
public sealed class SingletonException(string message) : InvalidOperationException(message);
