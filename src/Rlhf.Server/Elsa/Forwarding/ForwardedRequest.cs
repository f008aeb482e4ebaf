using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;
using Yarp.ReverseProxy.Forwarder;

namespace Rlhf.Server.Elsa.Forwarding;

/// <summary>What of a request goes to the Elsa server, and what of its answer comes back: what is named here. Who somebody is here is none of its business.</summary>
sealed class ForwardedRequest(ElsaServer server, Uri address) : HttpTransformer
{
    static readonly FrozenSet<string> Sent = Names(
        "Accept", "Accept-Language", "Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "X-Requested-With", "X-SignalR-User-Agent",
        "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions");

    static readonly FrozenSet<string> Returned = Names(
        "Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition", "Retry-After", "x-elsa-workflow-instance-id",
        "Connection", "Upgrade", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions");

    public static void Authorize(HttpRequestMessage request, ElsaServer server) =>
        request.Headers.Authorization = server.Token is { } token ? new AuthenticationHeaderValue("Bearer", token) : null;

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        foreach (var (name, _) in proxyRequest.Headers.NonValidated.Where(h => !Sent.Contains(h.Key)).ToList()) proxyRequest.Headers.Remove(name);
        Authorize(proxyRequest, server);
        proxyRequest.RequestUri = address;
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        // Without an answer the forwarder's caller says so.
        if (proxyResponse is null) return false;
        // Passed on, it would look as if this server asked for another sign-in.
        if (Forwarder.Refusal(proxyResponse.RequestMessage, proxyResponse.StatusCode) is { } refusal)
        {
            await Answers.ErrorAsync(httpContext, StatusCodes.Status502BadGateway, refusal);
            return false;
        }
        if (ReadableLinks.Concern(httpContext, proxyResponse))
        {
            await ReadableLinks.WriteAsync(httpContext, proxyResponse, cancellationToken);
            return false;
        }
        foreach (var (name, values) in proxyResponse.Headers.NonValidated.Concat(proxyResponse.Content.Headers.NonValidated))
        {
            if (Returned.Contains(name)) httpContext.Response.Headers[name] = values.ToArray();
        }
        return true;
    }

    static FrozenSet<string> Names(params string[] names) => names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
