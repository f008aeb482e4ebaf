using System.Net;
using System.Net.Sockets;

namespace Rlhf.Adapters.Webhooks;

/// <summary>
/// Tells addresses of the public internet from all others, by IANA's registries of special-purpose addresses. An IPv4 address inside of an IPv6 one (mapped,
/// compatible, NAT64, 6to4) counts as what it is.
/// </summary>
static class PublicAddresses
{
    static readonly IPNetwork[] NotPublic =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            // Teredo, benchmarks, ORCHID and documentation, within the unicast block.
            "2001::/23", "2001:db8::/32", "3fff::/20",
        ]).Select(n => IPNetwork.Parse(n)),
    ];

    static readonly IPNetwork Unicast = IPNetwork.Parse("2000::/3"), Nat64 = IPNetwork.Parse("64:ff9b::/96"), SixToFour = IPNetwork.Parse("2002::/16"), Compatible = IPNetwork.Parse("::/96");

    public static bool Contain(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork) return !NotPublic.Any(n => n.Contains(address));
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return false;
        if (Inner(address) is { } inner) return Contain(inner);
        return Unicast.Contains(address) && !NotPublic.Any(n => n.Contains(address));
    }

    static IPAddress? Inner(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        // :: and ::1 read as 0.0.0.0 and 0.0.0.1, which are not public either.
        return Nat64.Contains(address) || Compatible.Contains(address) ? new(bytes.AsSpan(12, 4))
            : SixToFour.Contains(address) ? new(bytes.AsSpan(2, 4))
            : null;
    }
}
