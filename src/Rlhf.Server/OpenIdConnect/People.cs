using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>Who somebody is here of whom the issuer says something.</summary>
sealed class People(OidcOptions options, Site site)
{
    const int LongestSubject = 255;

    /// <exception cref="OidcException">They have no role here, no name, or one that is somebody else's; then nothing is created.</exception>
    public async Task<(string Name, Role Role)> WhoAsync(TokenClaims claims, CancellationToken cancellationToken)
    {
        if (claims.Text("sub") is not { Length: > 0 and <= LongestSubject } subject)
            throw new OidcException(StatusCodes.Status401Unauthorized, $"The issuer {options} says no subject; expected 1 to {LongestSubject} characters.");
        var values = claims.Texts(options.RoleClaim);
        var role = options.Roles.FirstOrDefault(r => values.Contains(r.Value, StringComparer.Ordinal))?.Role
            ?? throw new OidcException(StatusCodes.Status403Forbidden,
                $"You are known to {options}, but have no role here; expected one of {string.Join(", ", options.Roles.Select(r => r.Value))} in the claim '{options.RoleClaim}'.");
        if (await site.Runtime.Subjects.NameOfAsync(options.Name, subject, cancellationToken) is { } name) return (name, role);
        var wanted = Wanted(claims);
        return await site.Runtime.Subjects.NameAsync(options.Name, subject, wanted, cancellationToken) is { } given ? (given, role)
            : throw new OidcException(StatusCodes.Status409Conflict,
                $"The name '{wanted}' is somebody else's here; if it is yours, an administrator says so (rlhf keys link '{wanted}' '{subject}').");
    }

    string Wanted(TokenClaims claims)
    {
        if (options.NameClaim is { } claim)
        {
            if (claim == "email" && claims.Flag("email_verified") == false) throw Nameless("has not verified your address");
            return claims.Text(claim) is { } name && Credentials.IsName(name) ? name : throw Nameless($"says no name in the claim '{claim}' that can be one here");
        }
        string?[] names = [claims.Text("preferred_username"), claims.Flag("email_verified") == true ? claims.Text("email") : null, claims.Text("sub")];
        return names.FirstOrDefault(n => n is not null && Credentials.IsName(n)) ?? throw Nameless("says no name that can be one here (preferred_username, email or sub)");
    }

    OidcException Nameless(string why) => new(StatusCodes.Status403Forbidden, $"The issuer {options} {why}; expected 1 to 100 letters, digits, spaces, dashes, dots, underscores or @.");
}
