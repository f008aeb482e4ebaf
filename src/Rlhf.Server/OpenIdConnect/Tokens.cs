using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>Checks tokens of the issuer: signature, issuer, audience and times.</summary>
sealed class Tokens(Issuer issuer, Site site)
{
    static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>Signatures by a pair of keys. The others would make a key that everybody knows, or none, prove something.</summary>
    static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <summary>What a token says, once it is checked.</summary>
    /// <exception cref="OidcException">It proves nothing, or the issuer cannot be asked.</exception>
    public async Task<TokenClaims> CheckAsync(string token, string audience, CancellationToken cancellationToken)
    {
        for (var anew = false; ; anew = true)
        {
            var checkedToken = await Handler.ValidateTokenAsync(token, Rules(await issuer.AskAsync(anew, cancellationToken), audience));
            if (checkedToken.IsValid) return new((JsonWebToken)checkedToken.SecurityToken);
            // The issuer may have changed its keys.
            if (checkedToken.Exception is SecurityTokenInvalidSignatureException && !anew) continue;
            throw new OidcException(StatusCodes.Status401Unauthorized, $"The token {Reason(checkedToken.Exception, audience)}.", checkedToken.Exception);
        }
    }

    TokenValidationParameters Rules(OpenIdConnectConfiguration known, string audience) => new()
    {
        ValidIssuer = known.Issuer,
        ValidAudience = audience,
        IssuerSigningKeys = known.SigningKeys,
        ValidAlgorithms = Algorithms,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        // Sums of now only: a time that a token does not say may come as the first or last that there is.
        LifetimeValidator = (from, until, _, _) => site.Time.GetUtcNow().UtcDateTime is var now && until is { } end && now - Skew < end && (from is not { } start || start <= now + Skew),
    };

    static string Reason(Exception e, string audience) => e switch
    {
        SecurityTokenInvalidLifetimeException or SecurityTokenNoExpirationException => "has expired, or is not valid yet",
        SecurityTokenInvalidAudienceException => $"is for somebody else; expected the audience '{audience}'",
        SecurityTokenInvalidIssuerException => "is of another issuer",
        SecurityTokenMalformedException or ArgumentException and not SecurityTokenArgumentException => "is no signed token",
        _ => "is not signed by the issuer with one of its keys",
    };
}
