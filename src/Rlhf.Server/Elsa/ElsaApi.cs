using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa.Forwarding;

namespace Rlhf.Server.Elsa;

/// <summary>The REST API that Elsa Studio speaks, in Elsa's own shapes, over this runtime.</summary>
static class ElsaApi
{
    public const string Prefix = "/elsa/api", Hubs = "/elsa/hubs";

    /// <summary>A definition holds scripts and positions: the longest body of a request, in bytes.</summary>
    public const int LongestBody = 4 << 20;

    /// <summary>True where errors have Elsa's shape.</summary>
    public static bool Holds(PathString path) => path.StartsWithSegments(Prefix) || path.StartsWithSegments(Hubs);

    /// <param name="pattern">Below <see cref="Prefix"/>, with its slash.</param>
    public static Route Route(string method, string pattern, Permission needs, RequestDelegate handle) =>
        new(method, Prefix + pattern, needs, RouteTable.Workflows, handle) { LongestBody = LongestBody, InElsa = Forwarder.To(Prefix + pattern) };
}
