namespace Rlhf.Server.OpenIdConnect;

/// <summary>Whether an issuer answers as it should.</summary>
public static class IssuerProbe
{
    /// <summary>Asks it for its endpoints and keys; returns what was found.</summary>
    /// <exception cref="IOException">It cannot be asked, or says what it may not.</exception>
    public static async Task<string> LookAsync(OidcOptions options, CancellationToken cancellationToken)
    {
        using var issuer = new Issuer(options, TimeProvider.System, _ => { });
        try
        {
            var known = await issuer.AskAsync(anew: false, cancellationToken);
            return $"{options}: {known.SigningKeys.Count} key{(known.SigningKeys.Count == 1 ? "" : "s")}, roles from '{options.RoleClaim}'";
        }
        catch (OidcException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
