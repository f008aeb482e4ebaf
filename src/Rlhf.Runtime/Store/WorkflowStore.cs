using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Store;

/// <summary>An instance with the version of the definition it is pinned to.</summary>
internal sealed record StoredInstance(
    string DefinitionId, int DefinitionVersion, string DefinitionJson, string Source, WorkflowState State,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>
/// Definitions, instances, their events, log and waiting steps in <c>runtime.db</c>: SQLite with a write-ahead log, one transaction per
/// transition. Failures of the database propagate; a writer that comes second gets <see cref="InstanceChangedException"/>.
/// </summary>
internal sealed class WorkflowStore
{
    const int Corrupt = 11, NotADatabase = 26; // SQLITE_CORRUPT, SQLITE_NOTADB

    readonly PooledDbContextFactory<RuntimeDbContext> _contexts;
    readonly string _connection;

    WorkflowStore(string connection)
    {
        _connection = connection;
        _contexts = new(new DbContextOptionsBuilder<RuntimeDbContext>().UseSqlite(connection).Options);
    }

    /// <exception cref="InvalidDataException">The file is no database, or one of a newer version of the product.</exception>
    public static WorkflowStore Open(string folder)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, "runtime.db");
        // DefaultTimeout is how long a command waits for another process that is writing.
        var connection = new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30, ForeignKeys = true };
        var store = new WorkflowStore(connection.ToString());
        try
        {
            using var db = store.Connect();
            Schema.Raise(db, file);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is NotADatabase or Corrupt)
        {
            throw new InvalidDataException($"'{file}' is not a database of this product: {e.Message}", e);
        }
        return store;
    }

    /// <summary>Closes the files that the connection pool holds.</summary>
    public void Close()
    {
        using var connection = new SqliteConnection(_connection);
        SqliteConnection.ClearPool(connection);
    }

    /// <summary>The version of this definition: the newest where its meaning is the same, otherwise a new one.</summary>
    public async Task<int> PublishAsync(WorkflowDefinition definition, string json, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var hash = DefinitionMeaning.Hash(json, definition.Source);
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var newest = await db.Definitions.Where(d => d.DefinitionId == definition.DefinitionId).OrderByDescending(d => d.Version)
            .Select(d => new { d.Version, d.Hash }).FirstOrDefaultAsync(cancellationToken);
        if (newest?.Hash == hash) return newest.Version;
        var version = (newest?.Version ?? 0) + 1;
        db.Definitions.Add(new()
        {
            DefinitionId = definition.DefinitionId,
            Version = version,
            Hash = hash,
            Name = definition.Name,
            Json = json,
            Source = Path.GetFileName(definition.Source),
            CreatedAt = now,
        });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return version;
    }

    /// <summary>Stores a transition whole: the state, the event that led to it, its log, and what now waits.</summary>
    /// <exception cref="InstanceChangedException">Another transition of this instance came first; nothing was stored.</exception>
    /// <exception cref="IOException">The database cannot be written, such as on a full disk; nothing was stored.</exception>
    public async Task SaveAsync(
        string definitionId, int version, Transition transition, WorkflowEvent @event, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(definitionId, version, transition, @event, cancellationToken);
        }
        catch (Exception e) when (e is SqliteException or DbUpdateException)
        {
            var (instance, number) = (transition.State.Instance, transition.State.Events);
            throw new IOException($"Transition {number} of instance {instance} could not be stored: {(e.InnerException ?? e).Message}", e);
        }
    }

    async Task WriteAsync(
        string definitionId, int version, Transition transition, WorkflowEvent @event, CancellationToken cancellationToken)
    {
        var state = transition.State;
        var incident = state.Incidents is [.., var last] ? Text(last) : null;
        await using var db = Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (state.Events == 1)
        {
            db.Instances.Add(new()
            {
                Id = state.Instance,
                DefinitionId = definitionId,
                DefinitionVersion = version,
                Status = state.Status.ToString(),
                State = Text(state),
                Revision = state.Events,
                Inputs = Text(state.Inputs),
                Incident = incident,
                CreatedAt = @event.At,
                UpdatedAt = @event.At,
            });
        }
        else
        {
            var before = db.Instances.Where(i => i.Id == state.Instance && i.Revision == state.Events - 1);
            var changed = await before.ExecuteUpdateAsync(set => set
                .SetProperty(i => i.Status, state.Status.ToString()).SetProperty(i => i.State, Text(state))
                .SetProperty(i => i.Revision, state.Events).SetProperty(i => i.Incident, incident)
                .SetProperty(i => i.UpdatedAt, @event.At), cancellationToken);
            if (changed == 0)
                throw new InstanceChangedException($"Instance {state.Instance} was changed by someone else; transition {state.Events} was not stored.");
            await db.Waiting.Where(w => w.InstanceId == state.Instance).ExecuteDeleteAsync(cancellationToken);
        }
        db.Events.Add(new() { InstanceId = state.Instance, Number = state.Events, Json = Text(@event) });
        db.Log.AddRange(transition.Log.Select(l => LogRow.Of(state.Instance, l)));
        db.Waiting.AddRange(state.OpenSteps.Where(e => e.WakeAt is not null).Select(e => new WaitingRow
        {
            InstanceId = state.Instance,
            Execution = e.Id,
            State = e.StepState?.ToJsonString(),
            Deadline = e.WakeAt!.Value,
            Reason = e.WaitsFor ?? "",
            Events = Text(e.WakeEvents ?? []),
        }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
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
        var state = Parse<WorkflowState>(row.State, $"The state of instance {instance}");
        return new(row.DefinitionId, row.DefinitionVersion, found.Json, found.Source, state, row.CreatedAt, row.UpdatedAt);
    }

    /// <summary>Instances, the newest first.</summary>
    public async Task<IReadOnlyList<InstanceSummary>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Instances.AsNoTracking().OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Id)
            .Select(i => new { i.Id, i.DefinitionId, i.DefinitionVersion, i.Status, i.CreatedAt, i.UpdatedAt, i.Incident })
            .ToListAsync(cancellationToken);
        return [.. rows.Select(i => new InstanceSummary(
            i.Id, i.DefinitionId, i.DefinitionVersion, Enum.Parse<WorkflowStatus>(i.Status), i.CreatedAt, i.UpdatedAt,
            i.Incident is null ? null : Parse<Incident>(i.Incident, $"The incident of instance {i.Id}")))];
    }

    public async Task<IReadOnlyList<LogEntry>> LogAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Log.AsNoTracking().Where(l => l.InstanceId == instance).OrderBy(l => l.Sequence).ToListAsync(cancellationToken);
        return [.. rows.Select(r => r.ToEntry())];
    }

    /// <summary>The events of an instance, in order.</summary>
    public async Task<IReadOnlyList<WorkflowEvent>> EventsAsync(string instance, CancellationToken cancellationToken)
    {
        await using var db = Connect();
        var rows = await db.Events.AsNoTracking().Where(e => e.InstanceId == instance).OrderBy(e => e.Number).ToListAsync(cancellationToken);
        return [.. rows.Select(r => Parse<WorkflowEvent>(r.Json, $"Event {r.Number} of instance {instance}"))];
    }

    RuntimeDbContext Connect() => _contexts.CreateDbContext();

    static string Text<T>(T value) => Encoding.UTF8.GetString(CanonicalJson.Serialize(value));

    static T Parse<T>(string json, string what) => CanonicalJson.Deserialize<T>(Encoding.UTF8.GetBytes(json), what);
}

/// <summary>Another transition was stored first.</summary>
internal sealed class InstanceChangedException(string message) : Exception(message);
