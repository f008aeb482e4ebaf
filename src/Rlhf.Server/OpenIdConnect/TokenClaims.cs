using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>What a checked token says.</summary>
sealed class TokenClaims
{
    readonly JsonElement _all;

    public TokenClaims(JsonWebToken token)
    {
        using var document = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        _all = document.RootElement.Clone();
    }

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

    // By its whole name first: some issuers' claims are addresses, with dots.
    JsonElement? Find(string claim)
    {
        if (_all.TryGetProperty(claim, out var whole)) return whole;
        var at = _all;
        foreach (var part in claim.Split('.'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(part, out at)) return null;
        }
        return at;
    }
}
