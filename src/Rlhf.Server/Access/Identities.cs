using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Access;

/// <summary>A key in the header <c>Authorization: Bearer</c>, or the session of a browser.</summary>
sealed class CredentialIdentity(Site site) : IIdentify
{
    public const string Bearer = "Bearer ";

    /// <summary>True where the request brings its own proof, which no other site can make a browser send.</summary>
    public static bool HasKey(HttpContext context) => context.Request.Headers.Authorization is [{ } text] && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);

    public async Task<Caller?> IdentifyAsync(HttpContext context)
    {
        var credentials = site.Runtime.Credentials;
        var found = HasKey(context) ? await credentials.FindAsync(context.Request.Headers[HeaderNames.Authorization].ToString()[Bearer.Length..].Trim(), context.RequestAborted, CredentialKind.Key)
            : context.Request.Cookies[Cookies.Session] is { Length: > 0 } session ? await credentials.FindAsync(session, context.RequestAborted, CredentialKind.Session)
            : null;
        return found is null ? null : new(found.Name, found.Role, found.Scope);
    }
}

/// <summary>
/// The person at this machine, who may do everything, as long as nobody was ever given a key and no issuer is configured. A request that came through a proxy, or by a name that is not this
/// machine's own (another site's name may lead here), is not theirs.
/// </summary>
sealed class LocalIdentity(Site site) : IIdentify
{
    static readonly string[] ThroughProxy = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via"];

    public async Task<Caller?> IdentifyAsync(HttpContext context)
    {
        if (site.Options.OpenIdConnect is not null || !site.IsLoopback || CredentialIdentity.HasKey(context) || !ServerAddress.IsLoopbackName(context.Request.Host.Host)) return null;
        if (ThroughProxy.Any(context.Request.Headers.ContainsKey)) return null;
        return await site.Runtime.Credentials.AnyAccountEverAsync(context.RequestAborted) ? null : new(site.Options.LocalName, Role.Administrator, IsLocal: true);
    }
}
