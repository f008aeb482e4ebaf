using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>A value of the claim with roles, and the role that it gives here.</summary>
public sealed record RoleOfClaim(string Value, Role Role);

/// <summary>The issuer by which people and programs come in. Its text shows the issuer's host only.</summary>
public sealed record OidcOptions
{
    public const string IssuerVariable = "RLHF_OIDC_ISSUER", ClientIdVariable = "RLHF_OIDC_CLIENT_ID", ClientSecretVariable = "RLHF_OIDC_CLIENT_SECRET",
        AudienceVariable = "RLHF_OIDC_AUDIENCE", ScopesVariable = "RLHF_OIDC_SCOPES", RoleClaimVariable = "RLHF_OIDC_ROLE_CLAIM", RolesVariable = "RLHF_OIDC_ROLES",
        NameClaimVariable = "RLHF_OIDC_NAME_CLAIM";

    static readonly string[] Others =
        [ClientIdVariable, ClientSecretVariable, AudienceVariable, ScopesVariable, RoleClaimVariable, RolesVariable, NameClaimVariable];

    /// <summary>The issuer: https, or http on this machine; no query and no fragment.</summary>
    public required Uri Issuer { get; init; }

    /// <summary>What this server is called at the issuer.</summary>
    public required string ClientId { get; init; }

    /// <summary>Null for a public client, which has PKCE only.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Whom bearer tokens have to be for.</summary>
    public required string Audience { get; init; }

    /// <summary>What is asked of the issuer, with spaces between; <c>openid</c> among it.</summary>
    public string Scopes { get; init; } = "openid profile email";

    /// <summary>The claim with a person's roles or groups; dots lead into objects, as in <c>realm_access.roles</c>.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>What its values mean here. Of several that a person has, the first in this list counts, and it alone.</summary>
    public required IReadOnlyList<RoleOfClaim> Roles { get; init; }

    /// <summary>The claim with a person's name; null: the first of <c>preferred_username</c>, a verified <c>email</c> and <c>sub</c> that can be a name.</summary>
    public string? NameClaim { get; init; }

    /// <summary>The issuer as it calls itself, but for a slash at its end.</summary>
    public string Name => Issuer.OriginalString.TrimEnd('/');

    /// <summary>True where plain http is spoken with the issuer, which is on this machine.</summary>
    internal bool IsOnThisMachine => ServerAddress.IsLoopbackName(Issuer.Host);

    public override string ToString() => Issuer.Authority;

    /// <summary>From the variables that begin with <c>RLHF_OIDC_</c>.</summary>
    /// <returns>Null where <c>RLHF_OIDC_ISSUER</c> is not set or empty.</returns>
    /// <exception cref="ArgumentException">A value is missing or malformed; the message says which and what was expected.</exception>
    public static OidcOptions? FromEnvironment(Func<string, string?> variable)
    {
        string? Text(string name) => variable(name) is { Length: > 0 } text ? text : null;
        if (Text(IssuerVariable) is not { } issuer)
            return Others.FirstOrDefault(o => Text(o) is not null) is { } other ? throw new ArgumentException($"{other} is set but {IssuerVariable} is not; expected the issuer there.") : null;
        var client = Text(ClientIdVariable) ?? throw new ArgumentException($"{IssuerVariable} is set but {ClientIdVariable} is not; expected what this server is called at the issuer.");
        return new()
        {
            Issuer = IssuerOf(issuer),
            ClientId = client,
            ClientSecret = Text(ClientSecretVariable),
            Audience = Text(AudienceVariable) ?? client,
            Scopes = ScopesOf(Text(ScopesVariable) ?? "openid profile email"),
            RoleClaim = Text(RoleClaimVariable) ?? "roles",
            Roles = RolesOf(Text(RolesVariable)),
            NameClaim = Text(NameClaimVariable),
        };
    }

    static Uri IssuerOf(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new ArgumentException($"{IssuerVariable} is '{text}'; expected such as https://login.example/realms/team, without a user, a query or a fragment.");
        return uri.Scheme == Uri.UriSchemeHttps || ServerAddress.IsLoopbackName(uri.Host) ? uri
            : throw new ArgumentException($"{IssuerVariable} is http at '{uri.Host}'; expected https, or an address of this machine.");
    }

    static string ScopesOf(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries) is var scopes && scopes.Contains("openid") ? string.Join(' ', scopes)
        : throw new ArgumentException($"{ScopesVariable} is '{text}'; expected scopes with spaces between them, openid among them.");

    static IReadOnlyList<RoleOfClaim> RolesOf(string? text)
    {
        const string expected = "expected such as rlhf-admins=administrator,labelers=labeler";
        if (text is null) throw new ArgumentException($"{IssuerVariable} is set but {RolesVariable} is not, so that nobody could come in; {expected}.");
        var roles = new List<RoleOfClaim>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // A value may have equals signs of its own.
            var at = part.LastIndexOf('=');
            if (at < 1) throw new ArgumentException($"{RolesVariable}: '{part}' maps nothing; {expected}.");
            var (value, name) = (part[..at].Trim(), part[(at + 1)..].Trim());
            if (!Enum.GetNames<Role>().Contains(name, StringComparer.OrdinalIgnoreCase))
                throw new ArgumentException($"{RolesVariable}: '{name}' is no role; expected viewer, labeler, operator, approver or administrator.");
            if (roles.Exists(r => r.Value == value)) throw new ArgumentException($"{RolesVariable}: '{value}' is there twice; expected every value once.");
            roles.Add(new(value, Enum.Parse<Role>(name, ignoreCase: true)));
        }
        return roles.Count > 0 ? roles : throw new ArgumentException($"{RolesVariable} is '{text}' and maps nothing; {expected}.");
    }
}
