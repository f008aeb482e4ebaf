using System.Net;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Server.Hosting;

/// <summary>An address to listen on.</summary>
static class ServerAddress
{
    /// <summary>Checks addresses.</summary>
    /// <exception cref="ArgumentException">One is none, or is https.</exception>
    public static void Check(IReadOnlyList<string> urls)
    {
        if (urls.Count == 0) throw new ArgumentException($"No address was given to listen on; expected such as {ServerOptions.DefaultUrl}.");
        foreach (var url in urls) Parse(url);
    }

    /// <summary>True where nobody but this machine can reach it.</summary>
    public static bool IsLoopback(string url) => IsLoopbackName(Parse(url).Host);

    /// <summary>True for this machine's own names.</summary>
    public static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    static BindingAddress Parse(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"'{url}' is no address to listen on; expected such as {ServerOptions.DefaultUrl}.", e);
        }
        if (address.Scheme != "http" || address.IsUnixPipe || address.PathBase.Length > 0)
            throw new ArgumentException($"'{url}' cannot be listened on; expected http, a host and a port (for https a proxy that ends TLS stands before it, and RLHF_PUBLIC_URL says its address).");
        return address;
    }
}
