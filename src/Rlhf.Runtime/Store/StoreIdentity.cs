using System.Text;
using Microsoft.EntityFrameworkCore;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Runtime.Store;

/// <summary>
/// A database and the artifact store that belong together have the same id: a worker that sees another store would find no artifact and
/// fail every step it takes.
/// </summary>
internal static class StoreIdentity
{
    const string ObjectName = "store-id";

    /// <param name="place">The artifact store, for messages.</param>
    /// <exception cref="InvalidDataException">The artifact store is not that of the database.</exception>
    public static void Check(RuntimeDbContext db, IObjectStore objects, string place, string name) => Schema.Locked(db, () =>
    {
        var known = db.Store.Select(s => s.Id).SingleOrDefault();
        var found = Read(objects);
        if (known is not null && found != known)
            throw new InvalidDataException(
                $"The store '{place}' does not belong to the database '{name}': its {ObjectName} is '{found}', expected '{known}'. "
                + "Every process must see the same store (--store or RLHF_STORE, RLHF_BLOB).");
        if (known is not null) return;
        // The object first: killed in between, the next start gives its id to the database. Another database may be first to give it one.
        if (found is not { Length: > 0 })
        {
            objects.TryCreateAsync(ObjectName, Encoding.UTF8.GetBytes(Guid.NewGuid().ToString("N")), CancellationToken.None).GetAwaiter().GetResult();
            found = Read(objects);
        }
        db.Store.Add(new() { Id = found! });
        db.SaveChanges();
    });

    static string? Read(IObjectStore objects) =>
        objects.ReadAsync(ObjectName, CancellationToken.None).GetAwaiter().GetResult() is { } bytes ? Encoding.UTF8.GetString(bytes).Trim() : null;
}
