using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rlhf.Tests.Support;

/// <summary>A request as it came.</summary>
public sealed record Received(string Path, string Id, string Timestamp, string Signature, byte[] Body);

/// <summary>A receiver of webhooks on loopback, which checks signatures by its own arithmetic and answers as it is told.</summary>
public sealed class StubReceiver : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly ConcurrentQueue<Received> _requests = new();

    StubReceiver(WebApplication app) => _app = app;

    /// <summary>32 bytes.</summary>
    public static string Secret => "whsec_" + Convert.ToBase64String([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);

    public Uri Address => new(_app.Urls.First() + "/hook?token=of-the-address");

    public IReadOnlyList<Received> Requests => [.. _requests];

    /// <summary>Answers the request with a number from 1.</summary>
    public Func<HttpContext, int, Task> Answer { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    };

    public static async Task<StubReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var stub = new StubReceiver(builder.Build());
        stub._app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            string Header(string name) => context.Request.Headers[name].ToString();
            stub._requests.Enqueue(new(context.Request.Path, Header("webhook-id"), Header("webhook-timestamp"), Header("webhook-signature"), body.ToArray()));
            await stub.Answer(context, stub._requests.Count);
        });
        await stub._app.StartAsync();
        return stub;
    }

    /// <summary>True where the signature is the one that <see cref="Secret"/> makes: HMAC by its definition (RFC 2104), over a block of 64 bytes.</summary>
    public static bool IsSigned(Received request)
    {
        var key = new byte[64];
        Convert.FromBase64String(Secret["whsec_".Length..]).CopyTo(key, 0);
        byte[] Padded(byte pad) => [.. key.Select(b => (byte)(b ^ pad))];
        var inner = SHA256.HashData([.. Padded(0x36), .. Encoding.ASCII.GetBytes($"{request.Id}.{request.Timestamp}."), .. request.Body]);
        return request.Signature == "v1," + Convert.ToBase64String(SHA256.HashData([.. Padded(0x5c), .. inner]));
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
