using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Rlhf.Cli.Tests.Support;

/// <summary>A job as its row says; the owner is null where it is queued.</summary>
sealed record JobSeen(string Execution, string Status, string? Owner, int Epoch, int Lost, double Fraction, string? Message)
{
    public bool IsRunning => Status == "Running";

    public bool IsOf(Running process) => Owner?.Contains($"/{process.Id}/", StringComparison.Ordinal) == true;
}

sealed record InstanceSeen(string Id, string Status, string State)
{
    public bool IsOpen => Status is "Running" or "Suspended";
}

/// <summary>What stands in the tables of a store, read without the product: looking makes no schema and drives nothing.</summary>
sealed class Look(Func<DbConnection?> connect)
{
    const string NoTable = "42P01";

    public static Look Sqlite(string store)
    {
        var file = Path.Combine(store, "runtime.db");
        return new(() => File.Exists(file) ? new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False;Default Timeout=30") : null);
    }

    public static Look Postgres(string connection) => new(() => new NpgsqlConnection(connection));

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task<List<InstanceSeen>> InstancesAsync() => ReadAsync(
        """SELECT "Id", "Status", "State" FROM "Instances" ORDER BY "CreatedAt" """, r => new InstanceSeen(r.GetString(0), r.GetString(1), r.GetString(2)));

    public Task<List<JobSeen>> JobsAsync() => ReadAsync(
        """SELECT "Execution", "Status", "Owner", "Epoch", "Lost", "Fraction", "Message" FROM "Jobs" ORDER BY "Execution" """,
        r => new JobSeen(r.GetString(0), r.GetString(1), r.IsDBNull(2) ? null : r.GetString(2), r.GetInt32(3), r.GetInt32(4), r.GetDouble(5), r.IsDBNull(6) ? null : r.GetString(6)));

    public async Task<JobSeen?> JobAsync(string execution) => (await JobsAsync()).Find(j => j.Execution == execution);

    /// <summary>Where a round stands: the step that runs, or what is there instead.</summary>
    public async Task<string> PlaceAsync()
    {
        if (await InstancesAsync() is not [.., var last]) return "start-up";
        if (!last.IsOpen) return "after the end";
        var jobs = await JobsAsync();
        return jobs.Find(j => j.Owner is not null)?.Execution ?? (jobs is [var queued, ..] ? $"{queued.Execution} queued" : "waiting");
    }

    async Task<List<T>> ReadAsync<T>(string query, Func<DbDataReader, T> read)
    {
        var rows = new List<T>();
        await using var connection = connect();
        if (connection is null) return rows;
        try
        {
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
            command.CommandText = query;
            await using var reader = await command.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token)) rows.Add(read(reader));
        }
        catch (Exception e) when (e is SqliteException { SqliteErrorCode: 1 } or PostgresException { SqlState: NoTable })
        {
            // The tables are not there yet.
        }
        return rows;
    }
}
