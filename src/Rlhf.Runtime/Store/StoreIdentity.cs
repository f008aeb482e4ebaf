using Microsoft.EntityFrameworkCore;

namespace Rlhf.Runtime.Store;

/// <summary>
/// A database and a folder that belong together have the same id: a worker that sees another folder would find no artifact and fail every
/// step it takes.
/// </summary>
internal static class StoreIdentity
{
    const string FileName = "store-id";

    /// <exception cref="InvalidDataException">The folder is not that of the database.</exception>
    public static void Check(RuntimeDbContext db, string folder, string name)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, FileName);
        Schema.Locked(db, () =>
        {
            var known = db.Store.Select(s => s.Id).SingleOrDefault();
            var found = File.Exists(file) ? File.ReadAllText(file).Trim() : null;
            if (known is not null && found != known)
                throw new InvalidDataException(
                    $"The folder '{Path.GetFullPath(folder)}' does not belong to the database '{name}': its {FileName} is '{found}', expected '{known}'. "
                    + "Every process of a store must see the same folder (--store or RLHF_STORE).");
            if (known is not null) return;
            // The file first: killed in between, the next start gives its id to the database.
            var id = found is { Length: > 0 } ? found : Guid.NewGuid().ToString("N");
            if (found != id) File.WriteAllText(file, id);
            db.Store.Add(new() { Id = id });
            db.SaveChanges();
        });
    }
}
