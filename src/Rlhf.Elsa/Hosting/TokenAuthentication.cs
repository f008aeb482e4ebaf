using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Rlhf.Elsa.Hosting;

/// <summary>One token for all of Elsa's API: whoever has it may do everything. Without one every caller is let in; the host is then on loopback alone.</summary>
sealed class TokenAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ElsaHostOptions host)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (host.Token is { } token)
        {
            if (!Request.Headers.Authorization.ToString().StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)) return Task.FromResult(AuthenticateResult.NoResult());
            var sent = Request.Headers.Authorization.ToString()["Bearer ".Length..].Trim();
            // Hashes of one length, so that the time says nothing about the token.
            if (!CryptographicOperations.FixedTimeEquals(Hash(sent), Hash(token))) return Task.FromResult(AuthenticateResult.Fail("The token is not the host's."));
        }
        var identity = new ClaimsIdentity([new Claim("permissions", "*"), new Claim(ClaimTypes.Name, "token")], Scheme.Name);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
    }

    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
