using System.Net;

namespace Rlhf.Adapters.Webhooks;

/// <summary>Where notifications are sent, how they are signed, and which hosts may be called. Its text shows the host only: an address may hold a secret.</summary>
public sealed record WebhookSettings
{
    public const string AddressVariable = "RLHF_WEBHOOK_URL", SecretVariable = "RLHF_WEBHOOK_SECRET", HostsVariable = "RLHF_WEBHOOK_HOSTS", PrivateVariable = "RLHF_WEBHOOK_PRIVATE";

    /// <summary>The receiver: https, or http on this machine.</summary>
    public required Uri Address { get; init; }

    /// <summary>The key of the signatures, 24 to 64 bytes.</summary>
    public required IReadOnlyList<byte> Key { get; init; }

    /// <summary>True: addresses of this machine and of private networks may be called as well.</summary>
    public bool AllowsPrivate { get; init; }

    /// <summary>The address under which people reach the server, which every notification names as its <c>link</c>; null for none.</summary>
    public Uri? Link { get; init; }

    public override string ToString() => Address.Host;

    /// <summary>
    /// From <c>RLHF_WEBHOOK_URL</c>, <c>RLHF_WEBHOOK_SECRET</c> (<c>whsec_</c> and base64), <c>RLHF_WEBHOOK_HOSTS</c> (hosts that may be called, with commas
    /// between them) and <c>RLHF_WEBHOOK_PRIVATE</c> (true or false).
    /// </summary>
    /// <returns>Null where <c>RLHF_WEBHOOK_URL</c> is not set or empty.</returns>
    /// <exception cref="ArgumentException">A value is missing or malformed; the message says which and what was expected.</exception>
    public static WebhookSettings? FromEnvironment(Func<string, string?> variable)
    {
        if (variable(AddressVariable) is not { Length: > 0 } address)
            return variable(SecretVariable) is { Length: > 0 } ? throw new ArgumentException($"{SecretVariable} is set but {AddressVariable} is not; expected the receiver's address there.") : null;
        var uri = AddressOf(address);
        var hosts = (variable(HostsVariable) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (!hosts.Contains(uri.IdnHost, StringComparer.OrdinalIgnoreCase) && !hosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase))
            throw new ArgumentException($"{AddressVariable} is at '{uri.IdnHost}', which {HostsVariable} ('{string.Join(", ", hosts)}') does not name; expected it among the hosts that may be called.");
        return new() { Address = uri, Key = KeyOf(variable(SecretVariable)), AllowsPrivate = Flag(variable(PrivateVariable)) };
    }

    static Uri AddressOf(string text)
    {
        // The text is not shown: what is no address may be a secret all the more.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
            throw new ArgumentException($"{AddressVariable} is not the address of a receiver; expected such as https://hooks.example/rlhf, without a user or a fragment.");
        return uri.Scheme == Uri.UriSchemeHttps || IsThisMachine(uri) ? uri
            : throw new ArgumentException($"{AddressVariable} is http at '{uri.IdnHost}'; expected https, or an address of this machine.");
    }

    static bool IsThisMachine(Uri uri) =>
        uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    static byte[] KeyOf(string? secret)
    {
        const string prefix = "whsec_";
        var key = new byte[secret?.Length ?? 0];
        if (secret is null || !secret.StartsWith(prefix, StringComparison.Ordinal) || !Convert.TryFromBase64String(secret[prefix.Length..], key, out var length) || length is < 24 or > 64)
            throw new ArgumentException($"{SecretVariable} is {(secret is { Length: > 0 } ? "not a secret of Standard Webhooks" : "not set")}; expected whsec_ and the base64 of 24 to 64 bytes (such as of openssl rand -base64 32).");
        return key[..length];
    }

    static bool Flag(string? value) => value?.ToLowerInvariant() switch
    {
        null or "" or "false" or "0" => false,
        "true" or "1" => true,
        _ => throw new ArgumentException($"{PrivateVariable} is '{value}'; expected true, false, 1 or 0."),
    };
}
