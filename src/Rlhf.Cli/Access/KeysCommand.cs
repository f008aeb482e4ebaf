using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;
using Rlhf.Server.OpenIdConnect;

namespace Rlhf.Cli.Access;

/// <summary><c>rlhf keys …</c>: who may come in over HTTP.</summary>
static class KeysCommand
{
    const int LongestDays = 3650, LongestHours = 24 * 90;

    /// <summary>Makes a key and shows its secret, once.</summary>
    public static async Task<int> CreateAsync(Workspace workspace, string name, Role role, string? scope, int? days, bool json, CancellationToken cancellationToken)
    {
        if (days is < 1 or > LongestDays) throw new ArgumentException($"--expires-days is {days}; expected 1 to {LongestDays}.");
        var secret = await workspace.Runtime.Credentials.CreateKeyAsync(name, role, scope, days is { } d ? TimeSpan.FromDays(d) : null, cancellationToken);
        Output.Write(json, new JsonObject { ["name"] = name, ["role"] = Text(role), ["scope"] = scope, ["key"] = secret }, () =>
        {
            Console.Out.WriteLine(secret);
            Console.Error.WriteLine($"This is {name}'s key ({Text(role)}{(days is null ? "" : $", for {days} days")}); it is not shown again. It is sent as Authorization: Bearer, or typed in at /sign-in.");
        });
        return ExitCodes.Done;
    }

    /// <summary>Makes a link that lets one labeler join, once.</summary>
    public static async Task<int> InviteAsync(Workspace workspace, string name, int hours, bool json, CancellationToken cancellationToken)
    {
        if (hours is < 1 or > LongestHours) throw new ArgumentException($"--hours is {hours}; expected 1 to {LongestHours}.");
        var url = Settings.PublicUrl ?? new Uri(ServerOptions.DefaultUrl);
        var secret = await workspace.Runtime.Credentials.InviteAsync(name, TimeSpan.FromHours(hours), cancellationToken);
        var link = new Uri(url, $"/invitations/{secret}").ToString();
        Output.Write(json, new JsonObject { ["name"] = name, ["link"] = link, ["hours"] = hours }, () =>
        {
            Console.Out.WriteLine(link);
            Console.Error.WriteLine(
                $"{name} joins as labeler by this link, once, within {hours} hours; it is not shown again.{(Settings.PublicUrl is null ? " RLHF_PUBLIC_URL makes it begin with the address that people use." : "")}");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ListAsync(Workspace workspace, bool json, CancellationToken cancellationToken)
    {
        var (all, now) = (await workspace.Runtime.Credentials.ListAsync(cancellationToken), TimeProvider.System.GetUtcNow());
        var subjects = await workspace.Runtime.Subjects.ListAsync(cancellationToken);
        var document = new JsonArray([.. all.Select(c => new JsonObject
        {
            ["name"] = c.Name,
            ["kind"] = c.Kind.ToString().ToLowerInvariant(),
            ["role"] = Text(c.Role),
            ["scope"] = c.Scope,
            ["status"] = Status(c, now),
            ["createdAt"] = c.CreatedAt.ToString("O"),
            ["expiresAt"] = c.ExpiresAt?.ToString("O"),
            ["lastUsedAt"] = c.LastUsedAt?.ToString("O"),
        }), .. subjects.Select(s => new JsonObject
        {
            ["name"] = s.Name,
            ["kind"] = "subject",
            ["issuer"] = s.Issuer,
            ["subject"] = s.Subject,
            ["createdAt"] = s.CreatedAt.ToString("O"),
        })]);
        Output.Write(json, document, () =>
        {
            foreach (var c in all)
                Console.Out.WriteLine(
                    $"{c.Name,-24} {c.Kind.ToString().ToLowerInvariant(),-10} {Text(c.Role) + (c.Scope is null ? "" : $" for {c.Scope}"),-28} {Status(c, now),-8} "
                    + $"made {c.CreatedAt:yyyy-MM-dd}, {(c.ExpiresAt is { } end ? $"until {end:yyyy-MM-dd}" : "never ends")}, {(c.LastUsedAt is { } used ? $"used {used:u}" : "never used")}");
            foreach (var s in subjects) Console.Out.WriteLine($"{s.Name,-24} {"subject",-10} '{s.Subject}' of {s.Issuer}, since {s.CreatedAt:yyyy-MM-dd}");
            if (all.Count == 0 && subjects.Count == 0 && Settings.OpenIdConnect is null) Console.Out.WriteLine($"Nobody has a key in {workspace.Place}; on loopback every request is {Environment.UserName}'s.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> RevokeAsync(Workspace workspace, string name, bool json, CancellationToken cancellationToken)
    {
        var ended = await workspace.Runtime.Credentials.RevokeAsync(name, cancellationToken);
        Output.Write(json, new JsonObject { ["name"] = name, ["revoked"] = ended }, () => Console.Out.WriteLine($"{ended} keys, invitations and sessions of {name} are ended."));
        return ExitCodes.Done;
    }

    /// <summary>Says that a name is a subject's of the configured issuer.</summary>
    public static async Task<int> LinkAsync(Workspace workspace, string name, string subject, bool json, CancellationToken cancellationToken)
    {
        var issuer = Settings.OpenIdConnect ?? throw new ArgumentException($"No issuer is configured; expected {OidcOptions.IssuerVariable}.");
        await workspace.Runtime.Subjects.LinkAsync(issuer.Name, subject, name, cancellationToken);
        Output.Write(json, new JsonObject { ["name"] = name, ["issuer"] = issuer.Name, ["subject"] = subject }, () => Console.Out.WriteLine($"{name} is the subject '{subject}' of {issuer.Name} from now on."));
        return ExitCodes.Done;
    }

    static string Status(Credential credential, DateTimeOffset now) =>
        credential.IsValid(now) ? "valid" : credential.RevokedAt is null ? "expired" : credential.Kind == CredentialKind.Invitation && credential.LastUsedAt is not null ? "used" : "revoked";

    static string Text(Role role) => role.ToString().ToLowerInvariant();
}
