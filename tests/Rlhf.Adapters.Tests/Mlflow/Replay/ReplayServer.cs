using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Rlhf.Adapters.Tests.Mlflow.Replay;

/// <summary>One request as it arrived; the query's values each a list, since one key may come many times.</summary>
sealed record Arrived(string Method, string Path, IReadOnlyDictionary<string, IReadOnlyList<string>> Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public JsonObject? Json()
    {
        try
        {
            return Body.Length == 0 ? null : JsonNode.Parse(Body) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A server on loopback that answers one exchange as it was recorded, and <c>{}</c> to what is asked after it.</summary>
sealed class ReplayServer : IAsyncDisposable
{
    readonly WebApplication _app;
    Exchange? _exchange;

    ReplayServer(WebApplication app)
    {
        _app = app;
        _app.Run(ServeAsync);
    }

    public Uri Address => new(_app.Urls.First() + "/");

    /// <summary>What arrived since <see cref="Play"/>, without the request for a page before the recorded one.</summary>
    public List<Arrived> Arrived { get; } = [];

    public static async Task<ReplayServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ReplayServer(builder.Build());
        await server._app.StartAsync();
        return server;
    }

    public void Play(Exchange exchange)
    {
        _exchange = exchange;
        Arrived.Clear();
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    async Task ServeAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var arrived = new Arrived(
            context.Request.Method,
            context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0],
            context.Request.Query.ToDictionary(q => q.Key, q => (IReadOnlyList<string>)[.. q.Value.Select(v => v!)]),
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray());
        var page = Token(_exchange!.Fields);
        if (Arrived.Count == 0 && page is not null && page != (arrived.Query.GetValueOrDefault("page_token")?[0] ?? Token(arrived.Json())))
        {
            await WriteAsync(context, 200, "application/json", new JsonObject { ["next_page_token"] = page }.ToJsonString());
            return;
        }
        Arrived.Add(arrived);
        if (Arrived.Count > 1 && !_exchange.IsCut) await WriteAsync(context, 200, "application/json", "{}");
        else await AnswerAsync(context, _exchange);
    }

    static async Task AnswerAsync(HttpContext context, Exchange exchange)
    {
        context.Response.StatusCode = exchange.Status;
        foreach (var (name, value) in exchange.AnswerHeaders)
            if (name is not ("server" or "content-length" or "connection" or "date")) context.Response.Headers[name] = value;
        await context.Response.Body.WriteAsync(exchange.Answer, context.RequestAborted);
    }

    static Task WriteAsync(HttpContext context, int status, string type, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    static string? Token(JsonObject? fields) => fields?["page_token"]?.GetValue<string>();
}
