using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rlhf.Tests.Support;

/// <summary>A labeling tool of the tests' own on loopback, in memory; what it knows and refuses is what its kind says.</summary>
public abstract class StubTool : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly CancellationTokenSource _stopping = new();
    readonly ConcurrentQueue<string> _requests = new();
    bool _stopped;

    protected StubTool()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    public string Address { get; private set; } = "";

    /// <summary>Asked for each request, by its number from 1, before anything else; null lets it pass.</summary>
    public Func<int, HttpRequest, Fault?> Faults { get; set; } = (_, _) => null;

    /// <summary>Every request so far: method, path and query.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>The last body that made something, by method and path, as text.</summary>
    public ConcurrentDictionary<string, string> Bodies { get; } = new();

    /// <summary>Done after each request that was carried out; for what happens between two pages.</summary>
    public Action<string>? After { get; set; }

    protected Lock Gate { get; } = new();

    /// <summary>Later with each call: what happens has an order.</summary>
    protected DateTimeOffset Now { get; private set; } = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    protected DateTimeOffset Tick() => Now += TimeSpan.FromSeconds(1);

    public async Task StartAsync()
    {
        await _app.StartAsync();
        Address = _app.Urls.First();
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopped) return;
        _stopped = true;
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Carries a request out, under the gate.</summary>
    protected abstract StubReply Carry(HttpRequest request, string path, JsonNode? body);

    protected static StubReply Created(JsonNode body) => new(201, body);

    protected static StubReply Ok(JsonNode body) => new(200, body);

    protected static StubReply Refused(int status, string detail) => new(status, new JsonObject { ["detail"] = detail });

    /// <summary>What of an object's members is not among these, or is missing though it must be there; null where nothing.</summary>
    protected static string? Wrong(JsonObject body, string[] needed, params string[] optional) =>
        needed.FirstOrDefault(n => body[n] is null) is { } missing ? $"field required: {missing}"
        : body.Select(f => f.Key).FirstOrDefault(k => !needed.Contains(k) && !optional.Contains(k)) is { } extra ? $"extra fields not permitted: {extra}"
        : null;

    async Task ServeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        var named = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
        _requests.Enqueue(named);
        var fault = Faults(_requests.Count, context.Request);
        if (fault is Fault.Refuse refuse)
        {
            if (refuse.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = $"{seconds}";
            await WriteAsync(context, refuse.Status, Encoding.UTF8.GetBytes(refuse.Body), null);
            return;
        }
        var reply = fault is Fault.Hang or Fault.ResetBefore ? null : Locked(context.Request, text, named);
        switch (fault)
        {
            case Fault.Hang or Fault.HangAfter:
                using (var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token))
                    await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                context.Abort();
                return;
            case Fault.ResetBefore or Fault.ResetAfter:
                if (context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket) socket.LingerState = new(enable: true, seconds: 0);
                context.Abort();
                return;
            case Fault.LoseAnswer lost:
                await WriteAsync(context, lost.Status, [], null);
                return;
        }
        await WriteAsync(context, reply!.Status, reply.Body is null ? [] : Encoding.UTF8.GetBytes(reply.Body.ToJsonString()), fault);
    }

    StubReply Locked(HttpRequest request, string text, string named)
    {
        lock (Gate)
        {
            JsonNode? body;
            try
            {
                body = text.Length == 0 ? null : JsonNode.Parse(text);
            }
            catch (System.Text.Json.JsonException)
            {
                return Refused(400, "JSON parse error");
            }
            var reply = Carry(request, request.Path.Value!, body);
            if (text.Length > 0) Bodies[$"{request.Method} {request.Path}"] = text;
            After?.Invoke(named);
            return reply;
        }
    }

    static async Task WriteAsync(HttpContext context, int status, byte[] body, Fault? fault)
    {
        context.Response.StatusCode = status;
        if (status == 204) return;
        context.Response.ContentType = "application/json";
        var half = body.AsMemory(0, body.Length / 2);
        context.Response.ContentLength = fault is Fault.Cut ? half.Length : body.Length;
        await context.Response.Body.WriteAsync(fault is Fault.Cut or Fault.Truncate ? half : body, context.RequestAborted);
        if (fault is not Fault.Truncate) return;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }
}

public sealed record StubReply(int Status, JsonNode? Body);
