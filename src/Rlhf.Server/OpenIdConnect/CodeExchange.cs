using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>The authorization code flow with PKCE: the address to send a browser to, and what its code is exchanged for.</summary>
sealed class CodeExchange(OidcOptions options, Issuer issuer, Tokens tokens)
{
    /// <exception cref="OidcException">The issuer cannot be asked.</exception>
    public async Task<string> AddressAsync(Attempt attempt, string callback, CancellationToken cancellationToken)
    {
        var known = await issuer.AskAsync(anew: false, cancellationToken);
        var query = QueryString.Create(new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = options.ClientId,
            ["redirect_uri"] = callback,
            ["scope"] = options.Scopes,
            ["state"] = attempt.State,
            ["nonce"] = attempt.Nonce,
            ["code_challenge"] = attempt.Challenge,
            ["code_challenge_method"] = "S256",
        }).ToString();
        return $"{known.AuthorizationEndpoint}{(known.AuthorizationEndpoint.Contains('?') ? $"&{query[1..]}" : query)}";
    }

    /// <summary>What the issuer says of who brought the code.</summary>
    /// <exception cref="OidcException">The code is not good, what came for it proves nothing, or the issuer cannot be asked.</exception>
    public async Task<TokenClaims> ExchangeAsync(Attempt attempt, string code, string callback, CancellationToken cancellationToken)
    {
        var (token, access) = await TokensAsync(attempt, code, callback, cancellationToken);
        var claims = await tokens.CheckAsync(token, options.ClientId, cancellationToken);
        if (!Attempt.AreSame(attempt.Nonce, claims.Text("nonce")))
            throw new OidcException(StatusCodes.Status401Unauthorized, "The token was made for another attempt to sign in; try again.");
        if (claims.Text("azp") is { } party && party != options.ClientId)
            throw new OidcException(StatusCodes.Status401Unauthorized, $"The token was made for '{party}'; expected '{options.ClientId}'.");
        return claims.Has(options.RoleClaim) && claims.Has(options.NameClaim ?? "preferred_username") ? claims : await MoreAsync(claims, access, cancellationToken);
    }

    /// <summary>The claims of the issuer's endpoint for that besides, where it has one; many say no more than the subject in the token.</summary>
    async Task<TokenClaims> MoreAsync(TokenClaims claims, string? access, CancellationToken cancellationToken)
    {
        if (access is null || (await issuer.AskAsync(anew: false, cancellationToken)).UserInfoEndpoint is not { Length: > 0 } endpoint) return claims;
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint) { Headers = { Authorization = new("Bearer", access) } };
        try
        {
            using var response = await issuer.Http.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            // Another subject's claims would be another person's roles.
            if (document.RootElement is { ValueKind: JsonValueKind.Object } said && said.TryGetProperty("sub", out var subject) && subject.ValueKind == JsonValueKind.String && subject.GetString() == claims.Text("sub"))
                return claims.And(said.Clone());
            throw new OidcException(StatusCodes.Status401Unauthorized, $"The issuer {options} speaks of two people; expected the same subject in the token and at its userinfo endpoint.");
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            throw Unexpected(e);
        }
    }

    async Task<(string Id, string? Access)> TokensAsync(Attempt attempt, string code, string callback, CancellationToken cancellationToken)
    {
        var known = await issuer.AskAsync(anew: false, cancellationToken);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = callback,
            ["client_id"] = options.ClientId,
            ["code_verifier"] = attempt.Verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, known.TokenEndpoint);
        if (options.ClientSecret is { } secret)
        {
            // By the standard an issuer that names no way knows the header.
            var ways = known.TokenEndpointAuthMethodsSupported;
            if (ways.Count == 0 || ways.Contains("client_secret_basic"))
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{FormText(options.ClientId)}:{FormText(secret)}")));
            else
                form["client_secret"] = secret;
        }
        request.Content = new FormUrlEncodedContent(form);
        try
        {
            using var response = await issuer.Http.SendAsync(request, cancellationToken);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)) as JsonObject;
            if (response.IsSuccessStatusCode && answer?["id_token"] is JsonValue token && token.TryGetValue<string>(out var text))
                return (text, answer["access_token"] is JsonValue access && access.TryGetValue<string>(out var other) ? other : null);
            throw new OidcException(StatusCodes.Status401Unauthorized, $"The issuer {options} does not take the code ({Said(answer?["error"]?.ToString()) ?? $"status {(int)response.StatusCode}"}); try again.");
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            throw Unexpected(e);
        }
    }

    OidcException Unexpected(Exception e) => new(StatusCodes.Status503ServiceUnavailable, $"The issuer {options} does not answer as expected; try again, or use a key.", e);

    static bool IsTrouble(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>A short code of the issuer's, such as <c>access_denied</c>; null where it is none.</summary>
    public static string? Said(string? code) => code is { Length: > 0 and <= 60 } && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? code : null;

    static string FormText(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
