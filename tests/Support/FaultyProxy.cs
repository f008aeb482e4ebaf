using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Rlhf.Tests.Support;

/// <summary>What goes wrong with a request.</summary>
abstract record BlobFault
{
    /// <summary>The service never hears of the request, and nobody answers it.</summary>
    public sealed record Hang : BlobFault;

    /// <summary>The connection is cut before the service has heard of the request.</summary>
    public sealed record CutBefore : BlobFault;

    /// <summary>The connection is cut while the request's body is sent; the service hears of half of it.</summary>
    public sealed record CutWithin : BlobFault;

    /// <summary>The service has done what was asked, and the connection is cut before it can say so.</summary>
    public sealed record CutAfter : BlobFault;

    /// <summary>The connection is cut after so many bytes of the answer's body.</summary>
    public sealed record CutAnswer(int Bytes) : BlobFault;

    /// <summary>The service answers a status of its own instead.</summary>
    public sealed record Answer(int Status, string? RetryAfter = null, string? Code = null) : BlobFault;
}

/// <summary>Stands before the Blob service on loopback, keeps what was asked, and makes go wrong what the test wants.</summary>
sealed class FaultyProxy : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    readonly Func<int, string, BlobFault?> _fault;
    readonly string _service;

    FaultyProxy(int service, Func<int, string, BlobFault?> fault)
    {
        (_service, _fault) = ($"http://127.0.0.1:{service}", fault);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(o => o.Limits.MaxRequestBodySize = null);
        _app = builder.Build();
        _app.Run(ForwardAsync);
    }

    /// <summary>The requests in their order, such as <c>PUT block</c>, <c>GET</c> or <c>HEAD</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>How many of them went wrong.</summary>
    public int Faults { get; private set; }

    public int Port { get; private set; }

    /// <summary>The fault is asked for with the request's number, from 0, and its name.</summary>
    public static async Task<FaultyProxy> StartAsync(int service, Func<int, string, BlobFault?> fault)
    {
        var proxy = new FaultyProxy(service, fault);
        await proxy._app.StartAsync(TestContext.Current.CancellationToken);
        proxy.Port = new Uri(proxy._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    async Task ForwardAsync(HttpContext context)
    {
        var name = $"{context.Request.Method} {context.Request.Query["comp"]}".TrimEnd();
        int number;
        BlobFault? fault;
        lock (Requests)
        {
            number = Requests.Count;
            Requests.Enqueue(name);
            if ((fault = _fault(number, name)) is not null) Faults++;
        }
        if (fault is BlobFault.Hang)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }
        if (fault is BlobFault.CutBefore)
        {
            context.Abort();
            return;
        }
        var body = new MemoryStream();
        if (fault is BlobFault.CutWithin)
        {
            var half = new byte[Math.Max(1, (context.Request.ContentLength ?? 0) / 2)];
            if (context.Request.ContentLength > 0) await context.Request.Body.ReadExactlyAsync(half);
            context.Abort();
            return;
        }
        await context.Request.Body.CopyToAsync(body);
        if (fault is BlobFault.Answer(var status, var retryAfter, var code))
        {
            context.Response.StatusCode = status;
            if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
            context.Response.Headers["x-ms-error-code"] = code ?? (status == 503 ? "ServerBusy" : "Throttled");
            return;
        }
        await AnswerAsync(context, await SendAsync(context, body), fault);
    }

    async Task<HttpResponseMessage> SendAsync(HttpContext context, MemoryStream body)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        using var request = new HttpRequestMessage(new(context.Request.Method), new Uri(_service + target)) { Version = HttpVersion.Version11 };
        if (context.Request.Method == "PUT") request.Content = new ByteArrayContent(body.ToArray());
        foreach (var (key, value) in context.Request.Headers)
        {
            if (key is "Host" or "Content-Length" or "Expect" or "Connection") continue;
            if (!request.Headers.TryAddWithoutValidation(key, value.ToArray())) request.Content?.Headers.TryAddWithoutValidation(key, value.ToArray());
        }
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    static async Task AnswerAsync(HttpContext context, HttpResponseMessage answer, BlobFault? fault)
    {
        using var _ = answer;
        var content = await answer.Content.ReadAsByteArrayAsync();
        if (fault is BlobFault.CutAfter)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (key, values) in answer.Headers.Concat(answer.Content.Headers))
            if (key is not ("Transfer-Encoding" or "Connection" or "Keep-Alive")) context.Response.Headers[key] = values.ToArray();
        if (context.Request.Method == "HEAD" || content.Length == 0) return;
        context.Response.Headers.ContentLength = content.Length;
        if (fault is not BlobFault.CutAnswer(var bytes) || bytes >= content.Length)
        {
            await context.Response.Body.WriteAsync(content);
            return;
        }
        // Fewer bytes than announced: the server closes the connection after them, where an abort would take them back.
        await context.Response.Body.WriteAsync(content.AsMemory(0, bytes));
        await context.Response.Body.FlushAsync();
    }
}
