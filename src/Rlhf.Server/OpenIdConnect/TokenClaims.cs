using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>What a checked token says, and where it does not say something, what the issuer's endpoint for that does.</summary>
sealed class TokenClaims(params JsonElement[] sources)
{
    public TokenClaims(JsonWebToken token) : this(Parse(token))
    {
    }

    /// <summary>These, and what they do not say from another source.</summary>
    public TokenClaims And(JsonElement further) => new([.. sources, further]);

    public bool Has(string claim) => Find(claim) is not null;

    /// <summary>A claim that is a text; null where it is none.</summary>
    public string? Text(string claim) => Find(claim) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>True or false where the claim says so, as a value or as a text.</summary>
    public bool? Flag(string claim) => Find(claim) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.String } text when bool.TryParse(text.GetString(), out var flag) => flag,
        _ => null,
    };

    /// <summary>The texts of a claim that is one text or a list of such.</summary>
    public IReadOnlyList<string> Texts(string claim) => Find(claim) switch
    {
        { ValueKind: JsonValueKind.String } text => [text.GetString()!],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)],
        _ => [],
    };

    JsonElement? Find(string claim)
    {
        foreach (var source in sources)
        {
            if (Find(source, claim) is { } found) return found;
        }
        return null;
    }

    // By its whole name first: some issuers' claims are addresses, with dots.
    static JsonElement? Find(JsonElement source, string claim)
    {
        if (source.TryGetProperty(claim, out var whole)) return whole;
        var at = source;
        foreach (var part in claim.Split('.'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(part, out at)) return null;
        }
        return at;
    }

    static JsonElement Parse(JsonWebToken token)
    {
        using var document = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        return document.RootElement.Clone();
    }
}
