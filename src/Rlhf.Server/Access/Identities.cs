using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;
using Rlhf.Server.Elsa;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Access;

/// <summary>A key in the header <c>Authorization: Bearer</c>, or the session of a browser.</summary>
sealed class CredentialIdentity(Site site) : IIdentify
{
    public const string Bearer = "Bearer ";

    /// <summary>True where the request brings its own proof, which no other site can make a browser send.</summary>
    public static bool HasKey(HttpContext context) => BearerOf(context) is not null && PageToken(context) is null;

    /// <summary>
    /// The token that a page's requests to Elsa's API bring in the place of a key; null on every other path, where the same text is a key that is none. What cannot have a header
    /// (WebSocket, server-sent events) has it in its address.
    /// </summary>
    public static string? PageToken(HttpContext context) =>
        ElsaApi.Holds(context.Request.Path) && (BearerOf(context) ?? AddressTokenOf(context)) is { } text && text.StartsWith(Cookies.ApiTokenBegin, StringComparison.Ordinal) ? text : null;

    static string? AddressTokenOf(HttpContext context) => context.Request.Path.StartsWithSegments(ElsaApi.Hubs) && context.Request.Query["access_token"] is [{ } token] ? token : null;

    static string? BearerOf(HttpContext context) =>
        context.Request.Headers.Authorization is [{ } text] && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? text[Bearer.Length..].Trim() : null;

    public async Task<Caller?> IdentifyAsync(HttpContext context)
    {
        var credentials = site.Runtime.Credentials;
        var found = HasKey(context) ? await credentials.FindAsync(BearerOf(context)!, context.RequestAborted, CredentialKind.Key)
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
