using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Access;

/// <summary>The two cookies: a browser's session, and the secret behind the token that its own pages send with every request.</summary>
static class Cookies
{
    public const string Session = "rlhf-session", Secret = "rlhf-page";

    /// <summary>The header, or the form's field, with the token.</summary>
    public const string TokenHeader = "X-Antiforgery", TokenField = "antiforgery";

    /// <summary>By which a token for Elsa's API is told from a key.</summary>
    public const string ApiTokenBegin = "page_";

    public static void Begin(HttpContext context, Site site, string session, TimeSpan? life = null) =>
        context.Response.Cookies.Append(Session, session, Options(site, site.Time.GetUtcNow() + (life ?? Credentials.SessionLife)));

    public static void End(HttpContext context, Site site) => context.Response.Cookies.Delete(Session, Options(site, null));

    /// <summary>The token of a page that is shown; it stays good over restarts of the server.</summary>
    public static string Token(HttpContext context, Site site) => TokenOf(SecretOf(context, site));

    /// <summary>
    /// The token of a page whose requests to Elsa's API cannot have a header of ours: they send it as <c>Authorization: Bearer</c>. It says nothing of who somebody is,
    /// and is no token of any other page.
    /// </summary>
    public static string ApiToken(HttpContext context, Site site) => ApiTokenOf(SecretOf(context, site));

    static string SecretOf(HttpContext context, Site site)
    {
        if (context.Request.Cookies[Secret] is not { Length: >= 43 } secret)
        {
            secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            context.Response.Cookies.Append(Secret, secret, Options(site, site.Time.GetUtcNow() + Credentials.SessionLife));
        }
        return secret;
    }

    /// <summary>True where the request has the token of a page of this server.</summary>
    public static bool HasToken(HttpContext context, string? token) => HasToken(context, token, TokenOf);

    /// <summary>True where the request has the token of a page of this server for Elsa's API.</summary>
    public static bool HasApiToken(HttpContext context, string? token) => HasToken(context, token, ApiTokenOf);

    static bool HasToken(HttpContext context, string? token, Func<string, string> tokenOf) =>
        context.Request.Cookies[Secret] is { Length: >= 43 } secret && token is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(tokenOf(secret)));

    static string TokenOf(string secret) => Hash($"antiforgery {secret}");

    static string ApiTokenOf(string secret) => ApiTokenBegin + Hash($"elsa {secret}");

    static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    static CookieOptions Options(Site site, DateTimeOffset? expires) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = site.HasSecureCookies, Path = "/", Expires = expires, IsEssential = true };
}
