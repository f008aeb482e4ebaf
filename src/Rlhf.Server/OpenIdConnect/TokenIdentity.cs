using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Rlhf.Server.Access;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>A token of the issuer in the header <c>Authorization: Bearer</c>, as programs have it.</summary>
sealed class TokenIdentity(OidcOptions options, Tokens tokens, People people) : IIdentify
{
    public async Task<Caller?> IdentifyAsync(HttpContext context)
    {
        if (!CredentialIdentity.HasKey(context)) return null;
        var token = context.Request.Headers[HeaderNames.Authorization].ToString()[CredentialIdentity.Bearer.Length..].Trim();
        // A key has no dots, and a signed token two.
        if (token.Count(c => c == '.') != 2) return null;
        try
        {
            var (name, role) = await people.WhoAsync(await tokens.CheckAsync(token, options.Audience, context.RequestAborted), context.RequestAborted);
            return new(name, role);
        }
        catch (OidcException e)
        {
            context.Features.Set(new Refusal(e.Status, e.Message));
            return null;
        }
    }
}
