using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace Rlhf.Runtime.Store;

/// <summary>
/// Brings a database to this version's schema by EF's migrations, in one transaction. EF's own Migrate takes a lock that is a row: a
/// process killed while it holds that lock would leave a store that nobody can open again.
/// </summary>
internal static class Schema
{
    const long LockKey = 0x726c6866_73636865; // "rlhfsche"

    /// <exception cref="InvalidDataException">The database has a schema of a newer version.</exception>
    public static void Raise(RuntimeDbContext db, string name)
    {
        var known = db.Database.GetMigrations().ToList();
        if (db.Database.IsSqlite()) db.Database.ExecuteSqlRaw("PRAGMA journal_mode=WAL");
        if (Applied(db, known, name).Count == known.Count) return;

        if (db.Database.IsSqlite())
        {
            // SQLite's transaction keeps other writers out by itself.
            using var transaction = db.Database.BeginTransaction();
            Migrate(db, known, name, transaction);
            transaction.Commit();
        }
        else
        {
            Locked(db, () => Migrate(db, known, name, null));
        }
    }

    /// <summary>Runs something in PostgreSQL that no two processes may do at once.</summary>
    public static void Locked(RuntimeDbContext db, Action action)
    {
        // A lock of the session and not of the transaction: asking for migrations in a new database is an error that would end one.
        db.Database.OpenConnection();
        db.Database.ExecuteSql($"SELECT pg_advisory_lock({LockKey})");
        try
        {
            action();
        }
        finally
        {
            db.Database.ExecuteSql($"SELECT pg_advisory_unlock({LockKey})");
            db.Database.CloseConnection();
        }
    }

    static void Migrate(RuntimeDbContext db, List<string> known, string name, IDbContextTransaction? outer)
    {
        // Asked again now that no one else can write: two processes may have come here at once.
        var applied = Applied(db, known, name);
        if (applied.Count == known.Count) return;
        using var own = outer is null ? db.Database.BeginTransaction() : null;
        using var command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = (outer ?? own!).GetDbTransaction();
        command.CommandText = db.GetService<IMigrator>().GenerateScript(
            applied.LastOrDefault(), null, MigrationsSqlGenerationOptions.NoTransactions);
        command.ExecuteNonQuery();
        own?.Commit();
    }

    static List<string> Applied(RuntimeDbContext db, List<string> known, string name)
    {
        var applied = db.Database.GetAppliedMigrations().ToList();
        return applied.Find(m => !known.Contains(m)) is not { } newer ? applied
            : throw new InvalidDataException(
                $"'{name}' has the schema '{newer}' of a newer version; this version knows schemas up to '{known[^1]}'.");
    }
}
