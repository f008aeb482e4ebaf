using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Rlhf.Steps.Notifications;

namespace Rlhf.Server.Hooks;

/// <summary>
/// Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over <c>id.timestamp.body</c>, several of them with spaces between. Argilla signs with
/// the time of the event and sends the time of sending in the header, so either may be the one that was signed; both must be near enough.
/// </summary>
static class StandardWebhooks
{
    /// <summary>How far a delivery's time may be from ours, either way; what is older may be somebody's who recorded it.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    const int LongestId = 200, MostSignatures = 10;

    /// <summary>True where somebody who has the key sent this lately.</summary>
    public static bool IsSigned(IHeaderDictionary headers, ReadOnlySpan<byte> body, ReadOnlySpan<byte> key, DateTimeOffset now)
    {
        if (headers["webhook-id"] is not [{ Length: > 0 and <= LongestId } id] || headers["webhook-timestamp"] is not [{ } sent] || headers["webhook-signature"] is not [{ } signatures]) return false;
        if (!long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var sentAt) || !IsNear(sentAt, now)) return false;
        var given = signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(s => s.StartsWith(WebhookSignature.Version, StringComparison.Ordinal)).Take(MostSignatures)
            .Select(Encoding.ASCII.GetBytes).ToList();
        if (Matches(given, id, sentAt, body, key)) return true;
        return EventTime(body) is { } happenedAt && happenedAt != sentAt && IsNear(happenedAt, now) && Matches(given, id, happenedAt, body, key);
    }

    static bool Matches(List<byte[]> given, string id, long at, ReadOnlySpan<byte> body, ReadOnlySpan<byte> key)
    {
        var expected = Encoding.ASCII.GetBytes(WebhookSignature.Of(key, id, at, body));
        // All of them, so that the time tells nothing.
        var found = false;
        foreach (var signature in given) found |= CryptographicOperations.FixedTimeEquals(signature, expected);
        return found;
    }

    static bool IsNear(long seconds, DateTimeOffset now) => Math.Abs(now.ToUnixTimeSeconds() - seconds) <= Tolerance.TotalSeconds;

    // Whole seconds, downwards; null where the body says none. It is not believed before the signature over it is found good.
    static long? EventTime(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("timestamp", out var value) && value.ValueKind == JsonValueKind.String
                && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                ? time.ToUnixTimeSeconds() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
