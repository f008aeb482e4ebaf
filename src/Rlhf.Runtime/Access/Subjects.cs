using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Access;

/// <summary>
/// Which name in judgements belongs to which subject of an issuer. A subject keeps its first name, whatever the issuer calls it later, and nobody else gets it: not another
/// subject with the same name there, and not by a name that a key, an invitation or judgements had here before. Failures of the database propagate.
/// </summary>
public sealed class Subjects
{
    readonly Database _database;
    readonly TimeProvider _time;

    internal Subjects(Database database, TimeProvider time) => (_database, _time) = (database, time);

    /// <summary>The subject's name; null where it never came in.</summary>
    public async Task<string?> NameOfAsync(string issuer, string subject, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await db.Subjects.Where(s => s.Issuer == issuer && s.Subject == subject).Select(s => s.Name).SingleOrDefaultAsync(cancellationToken);
    }

    /// <summary>The subject's name, which is the wanted one where it has none yet.</summary>
    /// <returns>Null where the wanted name is somebody else's.</returns>
    /// <exception cref="ArgumentException">The wanted name is none.</exception>
    public async Task<string?> NameAsync(string issuer, string subject, string wanted, CancellationToken cancellationToken)
    {
        if (await NameOfAsync(issuer, subject, cancellationToken) is { } name) return name;
        Credentials.CheckName(wanted);
        await using (var db = _database.Connect())
        {
            if (await IsKnownAsync(db, wanted, cancellationToken)) return null;
        }
        await AddAsync(issuer, subject, wanted, cancellationToken);
        return await NameOfAsync(issuer, subject, cancellationToken);
    }

    /// <summary>Says that a name, and whatever was judged by it, is a subject's.</summary>
    /// <exception cref="ArgumentException">The name is none, or it or the subject belongs to another one.</exception>
    public async Task LinkAsync(string issuer, string subject, string name, CancellationToken cancellationToken)
    {
        Credentials.CheckName(name);
        await AddAsync(issuer, subject, name, cancellationToken);
        var has = await NameOfAsync(issuer, subject, cancellationToken);
        if (has == name) return;
        throw new ArgumentException(has is null
            ? $"'{name}' is the name of another subject; expected one that no subject has."
            : $"The subject '{subject}' has the name '{has}'; expected a subject that never came in.");
    }

    /// <summary>All of them, by name.</summary>
    public async Task<IReadOnlyList<KnownSubject>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await db.Subjects.OrderBy(s => s.NameKey).Select(s => new KnownSubject(s.Name, s.Issuer, s.Subject, s.CreatedAt)).ToListAsync(cancellationToken);
    }

    internal static string KeyOf(string name) => name.ToLowerInvariant();

    static async Task<bool> IsKnownAsync(RuntimeDbContext db, string name, CancellationToken cancellationToken)
    {
        bool IsSame(string other) => KeyOf(other) == KeyOf(name);
        return (await db.Credentials.Select(c => c.Name).Distinct().ToListAsync(cancellationToken)).Exists(IsSame)
            || (await db.LabelingJudgements.Select(j => j.Labeler).Distinct().ToListAsync(cancellationToken)).Exists(IsSame);
    }

    // Of two who come at once one is first, and the other looks at what is there then.
    async Task AddAsync(string issuer, string subject, string name, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        db.Subjects.Add(new() { Issuer = issuer, Subject = subject, Name = name, NameKey = KeyOf(name), CreatedAt = _time.GetUtcNow() });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (Database.IsDuplicate(e))
        {
        }
    }
}

/// <summary>Somebody whom an issuer knows.</summary>
/// <param name="Name">Whose judgements these are.</param>
/// <param name="Subject">What the issuer calls them, for good.</param>
public sealed record KnownSubject(string Name, string Issuer, string Subject, DateTimeOffset CreatedAt);
