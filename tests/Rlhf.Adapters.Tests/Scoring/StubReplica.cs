using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Scoring;

namespace Rlhf.Tests.Support;

/// <summary>A server of reward models on loopback that scores by arithmetic, and does to a request what the test wants.</summary>
sealed class StubReplica : IAsyncDisposable
{
    public static readonly ArtifactRef Model = new("reward-model", new('a', 64));

    readonly WebApplication _app;
    int _asked, _atOnce, _mostAtOnce;

    StubReplica(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public int Asked => _asked;

    public int MostAtOnce => _mostAtOnce;

    public string? Authorization { get; private set; }

    /// <summary>What becomes of a request, by its number from 1; null: it is answered.</summary>
    public Func<HttpContext, int, Task<bool>>? Instead { get; set; }

    /// <summary>Changes the answer.</summary>
    public Func<ScoreAnswer, ScoreAnswer> Change { get; set; } = answer => answer;

    /// <summary>The score of a text here: what it has of tokens, and a fraction.</summary>
    public static float ScoreOf(int[] ids) => ids.Sum() / 7f;

    public static async Task<StubReplica> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var stub = new StubReplica(builder.Build());
        stub._app.Run(stub.AnswerAsync);
        await stub._app.StartAsync();
        return stub;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    async Task AnswerAsync(HttpContext context)
    {
        var number = Interlocked.Increment(ref _asked);
        var now = Interlocked.Increment(ref _atOnce);
        lock (_app) _mostAtOnce = Math.Max(_mostAtOnce, now);
        try
        {
            Authorization = context.Request.Headers.Authorization;
            var body = (await JsonSerializer.DeserializeAsync<ScoreBody>(context.Request.Body, JsonSerializerOptions.Web, context.RequestAborted))!;
            if (Instead is { } instead && await instead(context, number)) return;
            var inputs = body.Inputs.Select(i => (IReadOnlyList<TextScore>)[.. i.CompletionIds!.Select(c => Score([.. i.PromptIds!, .. c], c.Length))]).ToList();
            await context.Response.WriteAsJsonAsync(Change(new([new(body.Models![0], Model, inputs)])), context.RequestAborted);
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }

    static TextScore Score(int[] ids, int completion) => new(ScoreOf(ids), [ScoreOf(ids)], ids.Length, completion, false);
}
