using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Rlhf.Cli.Tests.Scoring;

/// <summary>Stands before a server of reward models on loopback and makes of its answers what the test wants.</summary>
sealed class FaultyReplica : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    int _answered;

    FaultyReplica(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>Answers that it has given.</summary>
    public int Answered => _answered;

    /// <param name="change">From the server's answer to the one that is given.</param>
    public static async Task<FaultyReplica> StartAsync(string server, Func<string, Task<string>> change)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var replica = new FaultyReplica(builder.Build());
        replica._app.Run(context => replica.AnswerAsync(context, server, change));
        await replica._app.StartAsync();
        return replica;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    async Task AnswerAsync(HttpContext context, string server, Func<string, Task<string>> change)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        using var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new("application/json");
        using var answer = await _client.PostAsync(new Uri(server + context.Request.Path), content, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = "application/json";
        var text = await change(await answer.Content.ReadAsStringAsync(context.RequestAborted));
        Interlocked.Increment(ref _answered);
        await context.Response.WriteAsync(text, Encoding.UTF8, context.RequestAborted);
    }
}
