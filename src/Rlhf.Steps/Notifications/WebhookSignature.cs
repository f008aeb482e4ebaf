using System.Security.Cryptography;
using System.Text;

namespace Rlhf.Steps.Notifications;

/// <summary>
/// Signatures of the Standard Webhooks specification (standardwebhooks.com), symmetric: HMAC-SHA256 over id, timestamp and body with full stops between
/// them, in base64 after <c>v1,</c>. Asymmetric ones (<c>v1a</c>) are left out.
/// </summary>
public static class WebhookSignature
{
    /// <summary>What a signature of this version begins with.</summary>
    public const string Version = "v1,";

    /// <summary>The signature that goes with a notification, in and out.</summary>
    /// <param name="timestamp">Seconds since 1970.</param>
    public static string Of(ReadOnlySpan<byte> key, string id, long timestamp, ReadOnlySpan<byte> body) =>
        Version + Convert.ToBase64String(HMACSHA256.HashData(key, [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]));
}
