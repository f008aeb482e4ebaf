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
    /// <exception cref="InvalidDataException">The database has a schema of a newer version.</exception>
    public static void Raise(RuntimeDbContext db, string file)
    {
        var known = db.Database.GetMigrations().ToList();
        db.Database.ExecuteSqlRaw("PRAGMA journal_mode=WAL");
        if (Applied(db, known, file).Count == known.Count) return;

        using var transaction = db.Database.BeginTransaction();
        // Asked again now that no one else can write: two processes may have come here at once.
        var applied = Applied(db, known, file);
        if (applied.Count == known.Count) return;
        using var command = db.Database.GetDbConnection().CreateCommand();
        command.Transaction = transaction.GetDbTransaction();
        command.CommandText = db.GetService<IMigrator>().GenerateScript(
            applied.LastOrDefault(), null, MigrationsSqlGenerationOptions.NoTransactions);
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    static List<string> Applied(RuntimeDbContext db, List<string> known, string file)
    {
        var applied = db.Database.GetAppliedMigrations().ToList();
        return applied.Find(m => !known.Contains(m)) is not { } newer ? applied
            : throw new InvalidDataException(
                $"'{file}' has the schema '{newer}' of a newer version; this version knows schemas up to '{known[^1]}'.");
    }
}
