using System.Globalization;
using System.Text.Json;
using Npgsql;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Driver;

/// <summary>One process drives a store. The lock ends with the process, however it ends.</summary>
internal abstract class DriverLock : IAsyncDisposable
{
    /// <exception cref="DriverBusyException">Another process drives the store; the message names it.</exception>
    public static async Task<DriverLock> AcquireAsync(string folder, Database database, TimeProvider time, CancellationToken cancellationToken) =>
        database.IsPostgres ? await SessionLock.AcquireAsync(database, cancellationToken) : FileLock.Acquire(folder, time);

    /// <summary>True where a process that held this lock before is known to be dead by now.</summary>
    public abstract bool ProvesDeath { get; }

    /// <exception cref="DriverBusyException">The lock was lost, and another process has it.</exception>
    public abstract Task EnsureHeldAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>
    /// A lock of the operating system on <c>driver.lock</c>. Who holds it stands beside it in <c>driver.json</c>, since a locked file cannot be
    /// read everywhere.
    /// </summary>
    sealed class FileLock(FileStream file) : DriverLock
    {
        // What FileShare.None answers where the file is locked: sharing and lock violations on Windows, EAGAIN on Linux and on macOS.
        static readonly int[] Locked = [unchecked((int)0x80070020), unchecked((int)0x80070021), 11, 35];

        public override bool ProvesDeath => true;

        public static FileLock Acquire(string folder, TimeProvider time)
        {
            Directory.CreateDirectory(folder);
            try
            {
                var file = new FileStream(Path.Combine(folder, "driver.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
                var holder = new Holder(Environment.ProcessId, Environment.MachineName, time.GetUtcNow());
                File.WriteAllText(HolderFile(folder), JsonSerializer.Serialize(holder));
                return new(file);
            }
            catch (IOException e) when (Locked.Contains(e.HResult))
            {
                throw new DriverBusyException($"The store '{folder}' is driven by {DescribeHolder(folder)}; only one process may drive a store.");
            }
        }

        public override Task EnsureHeldAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override ValueTask DisposeAsync() => file.DisposeAsync();

        static string DescribeHolder(string folder)
        {
            try
            {
                var holder = JsonSerializer.Deserialize<Holder>(File.ReadAllText(HolderFile(folder)))!;
                return $"process {holder.ProcessId} on {holder.Machine} since {holder.Since.ToString("u", CultureInfo.InvariantCulture)}";
            }
            catch (Exception e) when (e is IOException or JsonException)
            {
                return "another process, which has not said yet which one it is";
            }
        }

        static string HolderFile(string folder) => Path.Combine(folder, "driver.json");

        sealed record Holder(int ProcessId, string Machine, DateTimeOffset Since);
    }

    /// <summary>
    /// An advisory lock of PostgreSQL, held by a connection of its own: the server releases it when the connection ends. A driver that lost
    /// its connection takes the lock again, if no one else has it by then. It may have driven on for one more transition; the revision of
    /// the instance decides between it and another driver.
    /// </summary>
    sealed class SessionLock(Database database, NpgsqlConnection held) : DriverLock
    {
        const long Key = 0x726c6866_64726976; // "rlhfdriv"

        NpgsqlConnection _connection = held;

        public override bool ProvesDeath => false;

        public static async Task<SessionLock> AcquireAsync(Database database, CancellationToken cancellationToken) =>
            new(database, await ConnectAsync(database, cancellationToken));

        public override async Task EnsureHeldAsync(CancellationToken cancellationToken)
        {
            try
            {
                await using var command = new NpgsqlCommand("SELECT 1", _connection);
                await command.ExecuteScalarAsync(cancellationToken);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
            {
                await _connection.DisposeAsync();
                _connection = await ConnectAsync(database, cancellationToken);
            }
        }

        public override ValueTask DisposeAsync() => _connection.DisposeAsync();

        static async Task<NpgsqlConnection> ConnectAsync(Database database, CancellationToken cancellationToken)
        {
            var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false, KeepAlive = 5, CommandTimeout = 10 };
            // The server must notice soon that this machine is gone, or nobody could drive for hours.
            settings.Options = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";
            settings.ApplicationName = $"rlhf driver {Environment.MachineName}/{Environment.ProcessId}";
            var connection = new NpgsqlConnection(settings.ToString());
            try
            {
                await connection.OpenAsync(cancellationToken);
                await using var command = new NpgsqlCommand($"SELECT pg_try_advisory_lock({Key})", connection);
                if (await command.ExecuteScalarAsync(cancellationToken) is true) return connection;
                throw new DriverBusyException(
                    $"The store '{database.Name}' is driven by {await DescribeHolderAsync(connection, cancellationToken)}; only one process may drive a store.");
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }

        static async Task<string> DescribeHolderAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
        {
            const string query = """
                SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND l.classid = @high AND l.objid = @low
                """;
            await using var command = new NpgsqlCommand(query, connection);
            command.Parameters.AddWithValue("high", NpgsqlTypes.NpgsqlDbType.Oid, (uint)(Key >> 32));
            command.Parameters.AddWithValue("low", NpgsqlTypes.NpgsqlDbType.Oid, (uint)(Key & 0xFFFFFFFF));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken)
                ? $"{reader.GetString(0)} since {reader.GetDateTime(1).ToUniversalTime().ToString("u", CultureInfo.InvariantCulture)}"
                : "another process, which has just ended";
        }
    }
}

/// <summary>A second process wanted to drive a store, or this one no longer does.</summary>
public sealed class DriverBusyException(string message) : IOException(message);
