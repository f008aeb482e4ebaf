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

/// <summary>
/// An MLflow 3 server of the tests' own on loopback, in memory: experiments, runs, metrics, artifacts behind the proxy, registered models. Where
/// the real one swallows a malformed field this one notes it, and <see cref="DisposeAsync"/> throws what was noted. LoggedModels are
/// unknown to it, as to MLflow 2.
/// </summary>
public sealed partial class StubMlflow : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly Lock _gate = new();
    readonly CancellationTokenSource _stopping = new();
    readonly ConcurrentQueue<StubRequest> _requests = new();
    readonly ConcurrentQueue<string> _violations = new();
    readonly Dictionary<(string Method, string Route), Func<StubFields, JsonObject>> _routes;

    StubMlflow(WebApplication app)
    {
        _app = app;
        _routes = Routes();
        _app.Run(ServeAsync);
    }

    /// <summary>Such as <c>http://127.0.0.1:41234</c>.</summary>
    public string Address => _app.Urls.First();

    /// <summary>Asked for each request before anything else; null lets it pass.</summary>
    public Func<HttpContext, Fault?> Faults { get; set; } = _ => null;

    /// <summary>The Authorization header that every request but for the health must have; null for any.</summary>
    public string? Authorization { get; set; }

    /// <summary>Every request so far, in the order of their arrival.</summary>
    public IReadOnlyCollection<StubRequest> Requests => _requests;

    /// <summary>What clients sent that a real server would have swallowed; a test that means to send such a thing clears it.</summary>
    public ConcurrentQueue<string> Violations => _violations;

    /// <param name="port">0 for any that is free.</param>
    public static async Task<StubMlflow> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var stub = new StubMlflow(builder.Build());
        await stub._app.StartAsync();
        return stub;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
        if (!_violations.IsEmpty) throw new InvalidOperationException($"The stub MLflow was sent what a real one swallows: {string.Join(" | ", _violations)}");
    }

    async Task ServeAsync(HttpContext context)
    {
        var body = await ReadAsync(context.Request.Body, context.RequestAborted);
        var fault = Faults(context);
        var answer = fault is Fault.Refuse or Fault.Hang or Fault.ResetBefore ? null : Carry(context, body);
        if (fault is Fault.Refuse { RetryAfter: { } seconds }) context.Response.Headers.RetryAfter = seconds.ToString();
        switch (fault)
        {
            case Fault.Refuse refused:
                answer = StubAnswer.Text(refused.Status, refused.Body);
                break;
            case Fault.LoseAnswer lost:
                answer = StubAnswer.Text(lost.Status, "");
                break;
            case Fault.Hang or Fault.HangAfter:
                _requests.Enqueue(new(context.Request.Method, context.Request.Path.Value!, 0));
                await HangAsync(context);
                return;
            case Fault.ResetBefore or Fault.ResetAfter:
                _requests.Enqueue(new(context.Request.Method, context.Request.Path.Value!, 0));
                Reset(context);
                return;
        }
        _requests.Enqueue(new(context.Request.Method, context.Request.Path.Value!, answer!.Status));
        await WriteAsync(context, answer, fault);
    }

    StubAnswer Carry(HttpContext context, byte[] body)
    {
        var route = context.Request.Path.Value!;
        if (route == "/health") return StubAnswer.Text(200, "OK");
        if (Authorization is { } expected && context.Request.Headers.Authorization != expected) return StubAnswer.Text(401, "You are not authenticated.");
        if (route == "/version") return StubAnswer.Text(200, "3.11.2.stub");
        lock (_gate)
        {
            try
            {
                if (route.StartsWith(ArtifactRoute, StringComparison.Ordinal)) return Artifacts(context, route[ArtifactRoute.Length..].TrimStart('/'), body);
                const string api = "/api/2.0/mlflow/";
                if (!route.StartsWith(api, StringComparison.Ordinal) || !_routes.TryGetValue((context.Request.Method, route[api.Length..]), out var carry))
                    return StubAnswer.Text(404, "<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>");
                return StubAnswer.Json(200, carry(StubFields.Read(context.Request, body, _violations.Enqueue)));
            }
            catch (StubError e)
            {
                return StubAnswer.Json(e.Status, new() { ["error_code"] = e.Code, ["message"] = e.Message });
            }
        }
    }

    async Task HangAsync(HttpContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        var never = new TaskCompletionSource();
        await using var registration = end.Token.Register(never.SetResult);
        await never.Task;
        context.Abort();
    }

    static async Task WriteAsync(HttpContext context, StubAnswer answer, Fault? fault)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        if (answer.Attachment is { } name) context.Response.Headers.ContentDisposition = $"attachment; filename={Uri.EscapeDataString(name)}";
        var half = answer.Body.AsMemory(0, answer.Body.Length / 2);
        context.Response.ContentLength = fault is Fault.Cut ? half.Length : answer.Body.Length;
        await context.Response.Body.WriteAsync(fault is Fault.Cut or Fault.Truncate ? half : answer.Body, context.RequestAborted);
        if (fault is not Fault.Truncate) return;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }

    // A plain Abort closes; with no time to linger the other side is told that the connection is gone.
    static void Reset(HttpContext context)
    {
        var socket = context.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (socket is not null) socket.LingerState = new(enable: true, seconds: 0);
        context.Abort();
    }

    static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }
}

/// <summary>One request that the stub got; status 0 where it never answered.</summary>
public sealed record StubRequest(string Method, string Path, int Status);

sealed record StubAnswer(int Status, string ContentType, byte[] Body, string? Attachment = null)
{
    public static StubAnswer Json(int status, JsonObject body) => new(status, "application/json", Encoding.UTF8.GetBytes(body.ToJsonString()));

    public static StubAnswer Text(int status, string body) => new(status, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(body));
}

sealed class StubError(int status, string code, string message) : Exception(message)
{
    public int Status => status;
    public string Code => code;

    public static StubError Invalid(string message) => new(400, "INVALID_PARAMETER_VALUE", message);

    public static StubError Missing(string message) => new(404, "RESOURCE_DOES_NOT_EXIST", message);

    public static StubError Exists(string message) => new(400, "RESOURCE_ALREADY_EXISTS", message);
}
