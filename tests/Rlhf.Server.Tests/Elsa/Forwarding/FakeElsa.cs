using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Rlhf.Server.Elsa.Forwarding;

namespace Rlhf.Server.Tests.Elsa.Forwarding;

/// <summary>What an Elsa server was asked.</summary>
sealed record Asked(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>A server on loopback in the place of Elsa's: it keeps what it is asked, and answers what a test says.</summary>
sealed class FakeElsa : IAsyncDisposable
{
    public const string Token = "the token of the Elsa server";

    readonly ConcurrentQueue<Asked> _asked = new();
    WebApplication _app = null!;

    public IReadOnlyList<Asked> Asked => [.. _asked];

    /// <summary>Answers a request that is no socket; at first with an empty object.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsJsonAsync(new { });

    public Uri Api { get; private set; } = null!;

    public ElsaServer Server => new(Api, Token);

    public static async Task<FakeElsa> StartAsync()
    {
        var fake = new FakeElsa();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        fake._app = builder.Build();
        fake._app.UseWebSockets();
        fake._app.Run(fake.TakeAsync);
        await fake._app.StartAsync();
        fake.Api = new($"{fake._app.Urls.Single()}/elsa/api");
        return fake;
    }

    public Task StopAsync() => _app.StopAsync();

    async Task TakeAsync(HttpContext context)
    {
        var body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
        _asked.Enqueue(new(context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget, context.Request.Headers.ToDictionary(h => h.Key, h => $"{h.Value}"), body));
        if (context.WebSockets.IsWebSocketRequest) await EchoAsync(context);
        else await Answer(context);
    }

    /// <summary>Says every message of a socket once more.</summary>
    static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1 << 12];
        while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: WebSocketMessageType.Text } message)
            await socket.SendAsync(buffer.AsMemory(0, message.Count), WebSocketMessageType.Text, message.EndOfMessage, context.RequestAborted);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
