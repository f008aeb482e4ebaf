using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Hosting;
using Yarp.ReverseProxy.Forwarder;

namespace Rlhf.Server.Elsa.Forwarding;

/// <summary>
/// Hands requests for Elsa's API and hub on to an Elsa server, once this server has let them in, and brings its answers back as they come. What it does not answer is a
/// 502 that says what was tried.
/// </summary>
sealed class Forwarder(ElsaServer server, IHttpForwarder http) : IDisposable
{
    readonly ForwarderRequestConfig _config = new() { ActivityTimeout = server.Patience };

    readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null, ConnectTimeout = TimeSpan.FromSeconds(10) });

    public ElsaServer Server => server;

    /// <summary>What handles a route here by handing it on.</summary>
    /// <param name="pattern">Where to, from the root; names in braces stand for parts of the path or, where it has none such, of the query.</param>
    public static RequestDelegate To(string pattern) => context => context.RequestServices.GetRequiredService<Forwarder>().SendAsync(context, pattern);

    public async Task SendAsync(HttpContext context, string pattern)
    {
        var address = server.At(PathOf(context, pattern), QueryOf(context));
        var error = await http.SendAsync(context, $"{server}", _client, _config, new ForwardedRequest(server, address));
        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested) return;
        var cause = context.GetForwarderErrorFeature()?.Exception;
        if (cause is AggregateException several && several.InnerExceptions.OfType<BadHttpRequestException>().FirstOrDefault() is { } bad) throw new BadHttpRequestException(bad.Message, bad.StatusCode, bad);
        // What was copied so far is cleared, and our own headers with it.
        await SecurityHeaders.AddAsync(context, _ => Answers.ErrorAsync(context, StatusCodes.Status502BadGateway, NoAnswer(context.Request.Method, address, cause)));
    }

    /// <summary>What the server says of one thing; null where there is no such thing.</summary>
    /// <param name="path">Escaped, below <see cref="ElsaApi.Prefix"/>.</param>
    /// <exception cref="IOException">It does not answer, or not with what an Elsa server answers.</exception>
    public async Task<JsonObject?> FindAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, server.At(ElsaApi.Prefix + path, ""));
        ForwardedRequest.Authorize(request, server);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(server.Patience);
        try
        {
            using var answer = await _client.SendAsync(request, late.Token);
            if (answer.StatusCode == HttpStatusCode.NotFound) return null;
            if (!answer.IsSuccessStatusCode) throw new IOException(Refused(request.Method.Method, request.RequestUri!, answer.StatusCode));
            return await JsonSerializer.DeserializeAsync<JsonObject>(await answer.Content.ReadAsStreamAsync(late.Token), cancellationToken: late.Token);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException(NoAnswer("GET", request.RequestUri!, e), e);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>What is said of an answer that no caller here can do anything about; null for every other.</summary>
    public static string? Refusal(HttpRequestMessage? request, HttpStatusCode status) =>
        request?.RequestUri is { } address && status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or (>= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest)
            ? Refused(request.Method.Method, address, status)
            : null;

    static string Refused(string method, Uri address, HttpStatusCode status) => $"The Elsa server answered {(int)status} to {method} {address.GetLeftPart(UriPartial.Path)}; expected "
        + (status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? "a token that it accepts (RLHF_ELSA_TOKEN)." : "its API there (RLHF_ELSA_URL).");

    string NoAnswer(string method, Uri address, Exception? cause)
    {
        var isLate = cause is null || (cause is OperationCanceledException && cause.GetBaseException() is not TimeoutException);
        var reason = isLate ? string.Create(CultureInfo.InvariantCulture, $"nothing came for {server.Patience.TotalSeconds} s.") : $"{cause!.GetBaseException().Message.TrimEnd('.')}.";
        return $"The Elsa server did not answer {method} {address.GetLeftPart(UriPartial.Path)}: {reason}";
    }

    /// <summary>Every part by itself, so that none can lead elsewhere than the route that somebody was let into.</summary>
    /// <exception cref="ArgumentException">A part is one that addresses leave out.</exception>
    static string PathOf(HttpContext context, string pattern) => string.Join('/', pattern.Split('/').Select(part =>
    {
        if (!part.StartsWith('{')) return part;
        var name = part.Trim('{', '}');
        var value = context.Request.RouteValues[name] as string ?? context.Request.Query[name].ToString();
        return value is "" or "." or ".." ? throw new ArgumentException($"'{name}' is '{value}'; expected an id.") : Uri.EscapeDataString(value);
    }));

    /// <summary>Without the token that stands in the address where a browser can send no header.</summary>
    static string QueryOf(HttpContext context) => QueryString.Create(context.Request.Query.Where(q => !q.Key.Equals("access_token", StringComparison.OrdinalIgnoreCase))).Value ?? "";
}
