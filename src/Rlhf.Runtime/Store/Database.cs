using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Runtime.Store;

/// <summary>
/// Where the tables are: <c>runtime.db</c> in the store's folder (SQLite with a write-ahead log), or PostgreSQL. The one place that tells
/// them apart, besides the driver's lock.
/// </summary>
internal sealed class Database : IDisposable
{
    const int Corrupt = 11, NotADatabase = 26; // SQLITE_CORRUPT, SQLITE_NOTADB

    readonly PooledDbContextFactory<RuntimeDbContext> _contexts;
    readonly string _connection;
    readonly SemaphoreSlim _writers = new(1);

    Database(string name, string connection, bool isPostgres)
    {
        Name = name;
        IsPostgres = isPostgres;
        _connection = connection;
        var options = new DbContextOptionsBuilder<RuntimeDbContext>();
        _contexts = new((isPostgres ? options.UseNpgsql(connection) : options.UseSqlite(connection).AddInterceptors(new PatientWriter())).Options);
    }

    /// <summary>For messages: the file, or host and database without the password.</summary>
    public string Name { get; }

    public bool IsPostgres { get; }

    public string ConnectionString => _connection;

    /// <summary>Opens the database and brings it to this version's schema.</summary>
    /// <param name="postgres">A connection string of PostgreSQL; null for SQLite in the folder.</param>
    /// <param name="objects">The artifacts that belong to it; null for those in the folder.</param>
    /// <exception cref="InvalidDataException">
    /// It is no database of this product, one of a newer version, or that of another artifact store.
    /// </exception>
    /// <exception cref="IOException">The database cannot be used.</exception>
    public static Database Open(string folder, string? postgres, IObjectStore? objects = null)
    {
        var database = postgres is null ? Sqlite(folder) : Postgres(postgres);
        try
        {
            using var db = database.Connect();
            Schema.Raise(db, database.Name);
            if (postgres is not null) StoreIdentity.Check(db, objects ?? new FolderObjectStore(folder), Path.GetFullPath(folder), database.Name);
            return database;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is NotADatabase or Corrupt)
        {
            throw new InvalidDataException($"'{database.Name}' is not a database of this product: {e.Message}", e);
        }
        catch (Exception e) when (e is DbException || e.InnerException is DbException)
        {
            throw new IOException($"The database '{database.Name}' cannot be used: {e.Message}", e);
        }
    }

    public RuntimeDbContext Connect() => _contexts.CreateDbContext();

    /// <summary>
    /// A transaction that writes. SQLite has one writer at a time, and who comes too early sleeps and asks again: those of this process wait in line instead.
    /// </summary>
    /// <param name="survivesPowerCut">
    /// False for what may be lost with the machine (never with the process), such as leases: then nobody waits until the disk has it, which is most of the time of a
    /// small transaction.
    /// </param>
    public async Task<WriteTransaction> WriteAsync(CancellationToken cancellationToken, bool survivesPowerCut = true)
    {
        if (!IsPostgres) await _writers.WaitAsync(cancellationToken);
        var db = Connect();
        try
        {
            if (!IsPostgres)
            {
                await db.Database.OpenConnectionAsync(cancellationToken);
                await db.Database.ExecuteSqlRawAsync(survivesPowerCut ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", cancellationToken);
            }
            var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            if (IsPostgres && !survivesPowerCut) await db.Database.ExecuteSqlRawAsync("SET LOCAL synchronous_commit = off", cancellationToken);
            return new(db, transaction, IsPostgres ? null : _writers);
        }
        catch
        {
            await db.DisposeAsync();
            if (!IsPostgres) _writers.Release();
            throw;
        }
    }

    /// <summary>True for a failure of the way to the database, not of what was asked of it.</summary>
    public static bool IsUnreachable(Exception e) =>
        e is NpgsqlException { IsTransient: true } or System.Net.Sockets.SocketException or TimeoutException || (e.InnerException is { } inner && IsUnreachable(inner));

    /// <summary>True where a row with the same key was there first.</summary>
    public static bool IsDuplicate(Exception e) => (e.InnerException ?? e) switch
    {
        SqliteException sqlite => sqlite.SqliteExtendedErrorCode is 1555 or 2067, // SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.UniqueViolation,
        _ => false,
    };

    /// <summary>Closes what the connection pool holds.</summary>
    public void Dispose()
    {
        if (IsPostgres)
        {
            using var connection = new NpgsqlConnection(_connection);
            NpgsqlConnection.ClearPool(connection);
        }
        else
        {
            using var connection = new SqliteConnection(_connection);
            SqliteConnection.ClearPool(connection);
        }
    }

    static Database Sqlite(string folder)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, "runtime.db");
        // DefaultTimeout is how long a command waits for another process that is writing.
        return new(file, new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30, ForeignKeys = true }.ToString(), isPostgres: false);
    }

    static Database Postgres(string connection)
    {
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(connection);
            if (parts.ApplicationName is null) parts.ApplicationName = $"rlhf {Environment.MachineName}/{Environment.ProcessId}";
            return new($"{parts.Host}/{parts.Database}", parts.ToString(), isPostgres: true);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or DbException)
        {
            throw new ArgumentException($"The database's connection string is not one of PostgreSQL: {e.Message}", e);
        }
    }

    /// <summary>
    /// Lets SQLite itself wait for another process's writer, a few milliseconds at first (the client would sleep for 150 each time), and has a commit wait for the disk.
    /// </summary>
    sealed class PatientWriter : DbConnectionInterceptor
    {
        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Wait(connection);

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Wait(connection);
            return Task.CompletedTask;
        }

        static void Wait(DbConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout=5000; PRAGMA synchronous=FULL";
            command.ExecuteNonQuery();
        }
    }
}
