using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>
/// One attempt of one browser to sign in: a secret in its cookie, of which everything is made that has to fit together afterwards. It is with nobody else, so that
/// whoever brings another browser to the last step signs nobody in.
/// </summary>
/// <param name="Page">The page to go on with.</param>
sealed record Attempt(string Secret, string Page)
{
    const string Cookie = "rlhf-oidc", CookiePath = "/sign-in/oidc";
    static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    public string State => Of("state");

    public string Nonce => Of("nonce");

    /// <summary>PKCE's verifier: 43 characters.</summary>
    public string Verifier => Of("verifier");

    public string Challenge => Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <exception cref="ArgumentException">The page is none of this server.</exception>
    public static Attempt Begin(HttpContext context, Site site, string? page)
    {
        var attempt = new Attempt(Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32)), PageOf(page));
        context.Response.Cookies.Append(Cookie, $"{attempt.Secret}.{attempt.Page}", Options(site, Life));
        return attempt;
    }

    /// <summary>Ends the attempt of this browser; null where it has none.</summary>
    /// <exception cref="ArgumentException">The page is none of this server.</exception>
    public static Attempt? End(HttpContext context, Site site)
    {
        if (context.Request.Cookies[Cookie]?.Split('.', 2) is not [{ Length: 43 } secret, var page]) return null;
        context.Response.Cookies.Delete(Cookie, Options(site, null));
        return new(secret, PageOf(page));
    }

    /// <summary>True where two texts are the same, told in a time that says nothing of either.</summary>
    public static bool AreSame(string one, string? other) => other is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    // Only what is a page here: no address in any writing leads elsewhere.
    static string PageOf(string? page) => page is null or "" ? "/"
        : RouteTable.IsPage(page) ? page
        : throw new ArgumentException($"'{page}' is no page to go on with; expected one of this server, such as /label.");

    // Lax: the browser comes back from the issuer's site with it.
    static CookieOptions Options(Site site, TimeSpan? life) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = site.HasSecureCookies, Path = CookiePath, MaxAge = life, IsEssential = true };

    string Of(string use) => Base64UrlEncoder.Encode(HMACSHA256.HashData(Encoding.ASCII.GetBytes(Secret), Encoding.ASCII.GetBytes(use)));
}
