using System.Net;
using System.Net.Sockets;

namespace Rlhf.Adapters.Webhooks;

/// <summary>An address was not called since it belongs to this machine or a private network.</summary>
sealed class AddressRefusedException(string message) : IOException(message);

/// <summary>
/// How notifications travel: straight to the receiver (a proxy would choose the address), to public addresses only, whatever the name resolves to at that
/// moment; redirects are answers, not followed.
/// </summary>
static class WebhookTransport
{
    /// <param name="resolve">Gives the addresses of a host.</param>
    public static SocketsHttpHandler Handler(bool allowsPrivate, Func<string, CancellationToken, Task<IPAddress[]>> resolve) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxResponseHeadersLength = 16,
        // An answer's body says nothing that is needed.
        MaxResponseDrainSize = 4096,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, allowsPrivate, resolve, cancellationToken),
    };

    // The addresses that are checked are the ones that are called: a name that resolves otherwise a moment later changes nothing.
    static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, bool allowsPrivate, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancellationToken)
    {
        var addresses = await resolve(to.Host, cancellationToken);
        var allowed = allowsPrivate ? addresses : [.. addresses.Where(PublicAddresses.Contain)];
        if (allowed.Length == 0)
            throw new AddressRefusedException($"'{to.Host}' is {string.Join(", ", addresses.Take(4).Select(a => a.ToString()))}; expected an address of the public internet, or {WebhookSettings.PrivateVariable}=true.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, to.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
