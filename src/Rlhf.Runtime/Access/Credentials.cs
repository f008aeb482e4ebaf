using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Access;

/// <summary>
/// Who may come in. Secrets are 256 random bits, told once and kept as SHA-256 only. Failures of the database propagate.
/// </summary>
public sealed class Credentials
{
    /// <summary>How long a browser stays signed in.</summary>
    public static readonly TimeSpan SessionLife = TimeSpan.FromDays(30);

    /// <summary>The same for who comes in by an issuer, which may take a role away in the meantime.</summary>
    public static readonly TimeSpan SubjectSessionLife = TimeSpan.FromHours(12);

    const string KeyPrefix = "rlhf_";
    const int LongestName = 100;
    static readonly TimeSpan Noticed = TimeSpan.FromMinutes(10);

    readonly Database _database;
    readonly TimeProvider _time;

    internal Credentials(Database database, TimeProvider time) => (_database, _time) = (database, time);

    /// <summary>Makes a key; returns its secret, which nobody can find out again.</summary>
    /// <exception cref="ArgumentException">The name is none, has a valid key already, or is a subject's of an issuer.</exception>
    public async Task<string> CreateKeyAsync(string name, Role role, string? scope, TimeSpan? life, CancellationToken cancellationToken)
    {
        CheckName(name);
        await using var db = _database.Connect();
        await CheckFreeAsync(db, name, cancellationToken);
        var now = _time.GetUtcNow();
        if ((await KeysAsync(db, name, cancellationToken)).Any(k => k.IsValid(now)))
            throw new ArgumentException($"'{name}' has a key already; rlhf keys revoke {name} ends it.");
        return await AddAsync(db, CredentialKind.Key, name, role, scope, life, cancellationToken);
    }

    /// <summary>Makes an invitation that lets one labeler join, once.</summary>
    /// <exception cref="ArgumentException">The name is none, or a subject's of an issuer.</exception>
    public async Task<string> InviteAsync(string name, TimeSpan life, CancellationToken cancellationToken)
    {
        CheckName(name);
        await using var db = _database.Connect();
        await CheckFreeAsync(db, name, cancellationToken);
        return await AddAsync(db, CredentialKind.Invitation, name, Role.Labeler, null, life, cancellationToken);
    }

    /// <summary>Uses an invitation up and begins the session of who joins; null where it is none, used up or too old.</summary>
    public async Task<string?> JoinAsync(string invitation, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var (hash, now) = (HashOf(invitation), _time.GetUtcNow());
        if (await FindAsync(invitation, cancellationToken, CredentialKind.Invitation) is not { } invited) return null;
        // Of two who open the link at once one is first.
        var used = await db.Credentials.Where(c => c.Hash == hash && c.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.RevokedAt, now).SetProperty(c => c.LastUsedAt, now), cancellationToken);
        if (used == 0) return null;
        var session = await AddAsync(db, CredentialKind.Session, invited.Name, invited.Role, invited.Scope, SessionLife, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return session;
    }

    /// <summary>Begins a session for the holder of a key, no longer than the key is valid; null where it is none.</summary>
    public async Task<string?> SignInAsync(string key, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken, CredentialKind.Key) is not { } holder) return null;
        await using var db = _database.Connect();
        var left = holder.ExpiresAt - _time.GetUtcNow();
        return await AddAsync(db, CredentialKind.Session, holder.Name, holder.Role, holder.Scope, left < SessionLife ? left : SessionLife, cancellationToken);
    }

    /// <summary>Begins a session for somebody whom an issuer has just vouched for.</summary>
    /// <param name="name">Theirs, by <see cref="Subjects"/>.</param>
    public async Task<string> SignInSubjectAsync(string name, Role role, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await AddAsync(db, CredentialKind.Session, name, role, null, SubjectSessionLife, cancellationToken);
    }

    /// <summary>Ends a session.</summary>
    public async Task SignOutAsync(string session, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var (hash, now) = (HashOf(session), _time.GetUtcNow());
        await db.Credentials.Where(c => c.Hash == hash && c.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(c => c.RevokedAt, now), cancellationToken);
    }

    /// <summary>The valid credential of one of these kinds with this secret, or null.</summary>
    public async Task<Credential?> FindAsync(string secret, CancellationToken cancellationToken, params CredentialKind[] kinds)
    {
        await using var db = _database.Connect();
        var (hash, now) = (HashOf(secret), _time.GetUtcNow());
        if (await db.Credentials.AsNoTracking().SingleOrDefaultAsync(c => c.Hash == hash, cancellationToken) is not { } row) return null;
        var found = Of(row);
        if (!found.IsValid(now) || !kinds.Contains(found.Kind)) return null;
        // To ten minutes is enough; a write for every request, or for everybody at once after a restart, is not.
        if (found.Kind == CredentialKind.Invitation || now - found.LastUsedAt < Noticed) return found;
        await using var write = await _database.WriteAsync(cancellationToken, survivesPowerCut: false);
        await write.Db.Credentials.Where(c => c.Hash == hash).ExecuteUpdateAsync(set => set.SetProperty(c => c.LastUsedAt, now), cancellationToken);
        await write.CommitAsync(cancellationToken);
        return found;
    }

    /// <summary>True once there has been a key, or somebody came in by an issuer: from then on nobody comes in without a credential.</summary>
    public async Task<bool> AnyAccountEverAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await db.Credentials.AnyAsync(c => c.Kind == nameof(CredentialKind.Key), cancellationToken) || await db.Subjects.AnyAsync(cancellationToken);
    }

    /// <summary>True where a key is valid now.</summary>
    public async Task<bool> AnyValidKeyAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        return (await ListAsync(cancellationToken)).Any(c => c.Kind == CredentialKind.Key && c.IsValid(now));
    }

    /// <summary>All of them, by name and then by age; those that are no longer valid included.</summary>
    public async Task<IReadOnlyList<Credential>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return [.. (await db.Credentials.AsNoTracking().OrderBy(c => c.Name).ThenBy(c => c.Number).ToListAsync(cancellationToken)).Select(Of)];
    }

    /// <summary>Ends every key, invitation and session of a name; returns how many those were.</summary>
    /// <exception cref="ArgumentException">There is none that is valid.</exception>
    public async Task<int> RevokeAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var now = _time.GetUtcNow();
        var ended = await db.Credentials.Where(c => c.Name == name && c.RevokedAt == null && (c.ExpiresAt == null || c.ExpiresAt > now))
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.RevokedAt, now), cancellationToken);
        return ended > 0 ? ended : throw new ArgumentException($"'{name}' has no valid key, invitation or session; rlhf keys list names those that have.");
    }

    async Task<string> AddAsync(RuntimeDbContext db, CredentialKind kind, string name, Role role, string? scope, TimeSpan? life, CancellationToken cancellationToken)
    {
        var random = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var (secret, now) = (kind == CredentialKind.Key ? KeyPrefix + random : random, _time.GetUtcNow());
        db.Credentials.Add(new()
        {
            Kind = kind.ToString(),
            Hash = HashOf(secret),
            Name = name,
            Role = role.ToString(),
            Scope = scope,
            CreatedAt = now,
            ExpiresAt = now + life,
        });
        await db.SaveChangesAsync(cancellationToken);
        return secret;
    }

    static async Task<IReadOnlyList<Credential>> KeysAsync(RuntimeDbContext db, string name, CancellationToken cancellationToken) =>
        [.. (await db.Credentials.AsNoTracking().Where(c => c.Name == name && c.Kind == nameof(CredentialKind.Key)).ToListAsync(cancellationToken)).Select(Of)];

    /// <summary>True for what may be a name: 1 to 100 letters, digits, spaces, dashes, dots, underscores or @, with no space at either end.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.Trim() == name && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or '@' or ' ');

    static async Task CheckFreeAsync(RuntimeDbContext db, string name, CancellationToken cancellationToken)
    {
        var key = Subjects.KeyOf(name);
        if (await db.Subjects.AnyAsync(s => s.NameKey == key, cancellationToken))
            throw new ArgumentException($"'{name}' is the name of somebody who comes in by an issuer; expected another name.");
    }

    internal static void CheckName(string name)
    {
        if (!IsName(name))
            throw new ArgumentException($"'{name}' is no name; expected 1 to {LongestName} letters, digits, spaces, dashes, dots, underscores or @.");
    }

    static Credential Of(CredentialRow row) => new(
        row.Number, Enum.Parse<CredentialKind>(row.Kind), row.Name, Enum.Parse<Role>(row.Role), row.Scope, row.CreatedAt, row.ExpiresAt, row.LastUsedAt, row.RevokedAt);

    static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
