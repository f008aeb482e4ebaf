using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Rlhf.Tests.Support;

/// <summary>What a stub judge does with one request.</summary>
public abstract record Reply
{
    /// <summary>A chat completion. With log-probabilities those of first, second and tie stand at the verdict's token.</summary>
    public sealed record Say(string Content, string Finish = "stop", string? Refusal = null, (double First, double Second, double Tie)? Probabilities = null, bool Counts = true) : Reply;

    /// <summary>This status with this body.</summary>
    public sealed record Refuse(int Status, string Body = "{}", int? RetryAfter = null) : Reply;

    /// <summary>200 with this body.</summary>
    public sealed record Raw(string Body) : Reply;

    /// <summary>Half of a body, and the connection ends.</summary>
    public sealed record Break : Reply;

    /// <summary>No answer.</summary>
    public sealed record Hang : Reply;

    public static Say Verdict(string better, string margin = "clear", (double, double, double)? probabilities = null) =>
        new(new JsonObject { ["critique"] = "Both were read.", ["better"] = better, ["margin"] = margin }.ToJsonString(), Probabilities: probabilities);
}

/// <summary>A request as the stub read it.</summary>
/// <param name="Number">From 1.</param>
/// <param name="First">What stands between the marks of the first answer.</param>
public sealed record JudgeAsked(int Number, JsonObject Body, string First, string Second, string? Authorization)
{
    public bool IsRepair => Body["messages"]!.AsArray().Count > 2;

    public string Message(int index) => Body["messages"]![index]!["content"] is JsonArray parts ? $"{parts[0]!["text"]}" : $"{Body["messages"]![index]!["content"]}";
}

/// <summary>An OpenAI-compatible endpoint of the tests' own on loopback, which answers as it is told.</summary>
public sealed partial class StubJudge : IAsyncDisposable
{
    public const int InputTokens = 100, OutputTokens = 20;

    readonly WebApplication _app;
    readonly CancellationTokenSource _stopping = new();
    readonly ConcurrentQueue<JudgeAsked> _asked = new();
    int _number;

    StubJudge(WebApplication app)
    {
        _app = app;
        _app.MapPost("/v1/chat/completions", ServeAsync);
        _app.MapGet("/v1/models", context => Models is { } models
            ? context.Response.WriteAsync(new JsonObject { ["data"] = new JsonArray([.. models.Select(m => (JsonNode)new JsonObject { ["id"] = m })]) }.ToJsonString())
            : Task.FromResult(context.Response.StatusCode = context.Request.Headers.Authorization.Count == 0 ? 401 : 404));
    }

    /// <summary>Such as <c>http://127.0.0.1:41234/v1</c>.</summary>
    public string Address => $"{_app.Urls.First()}/v1";

    /// <summary>What is answered; by default the longer one is better, whichever stands first.</summary>
    public Func<JudgeAsked, Reply> Replies { get; set; } = Longer;

    /// <summary>The models that it lists; null: it lists none, and takes a key only.</summary>
    public IReadOnlyList<string>? Models { get; set; } = ["another", "some-model"];

    public IReadOnlyCollection<JudgeAsked> Asked => _asked;

    public static Reply Longer(JudgeAsked asked) =>
        Reply.Verdict(asked.First.Length == asked.Second.Length ? "tie" : asked.First.Length > asked.Second.Length ? "first" : "second");

    public static async Task<StubJudge> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var stub = new StubJudge(builder.Build());
        await stub._app.StartAsync();
        return stub;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
    }

    async Task ServeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = JsonNode.Parse(await reader.ReadToEndAsync(context.RequestAborted))!.AsObject();
        var asked = new JudgeAsked(Interlocked.Increment(ref _number), body, "", "", context.Request.Headers.Authorization.FirstOrDefault());
        var text = asked.Message(1);
        asked = asked with { First = Between(text, "first answer"), Second = Between(text, "second answer") };
        _asked.Enqueue(asked);
        var reply = Replies(asked);
        var (status, said) = reply switch
        {
            Reply.Refuse refuse => (refuse.Status, refuse.Body),
            Reply.Raw raw => (200, raw.Body),
            Reply.Say say => (200, Completion(say, body).ToJsonString()),
            _ => (200, new string(' ', 64)),
        };
        if (reply is Reply.Refuse { RetryAfter: { } seconds }) context.Response.Headers.RetryAfter = seconds.ToString();
        if (reply is Reply.Hang)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
            await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            context.Abort();
            return;
        }
        var bytes = Encoding.UTF8.GetBytes(said);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(reply is Reply.Break ? bytes.AsMemory(0, bytes.Length / 2) : bytes, context.RequestAborted);
        if (reply is not Reply.Break) return;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }

    static JsonObject Completion(Reply.Say say, JsonObject asked) => new()
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1_760_000_000,
        ["model"] = $"{asked["model"]}-stub",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["finish_reason"] = say.Finish,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = say.Refusal is null ? say.Content : null, ["refusal"] = say.Refusal },
            ["logprobs"] = say.Probabilities is { } probabilities && asked["logprobs"]?.GetValue<bool>() == true ? Logprobs(say.Content, probabilities) : null,
        }),
        ["usage"] = say.Counts ? new JsonObject { ["prompt_tokens"] = InputTokens, ["completion_tokens"] = OutputTokens, ["total_tokens"] = InputTokens + OutputTokens } : null,
    };

    // As tokenizers cut: the quotation mark goes with what is before it, and a word that is no verdict is among the alternatives.
    static JsonObject Logprobs(string content, (double First, double Second, double Tie) of)
    {
        var begin = content.IndexOf("\"better\":\"", StringComparison.Ordinal) + "\"better\":\"".Length;
        var value = new[] { "first", "second", "tie" }.First(v => content[begin..].StartsWith(v, StringComparison.Ordinal));
        var probabilities = new Dictionary<string, double> { ["first"] = of.First, ["second"] = of.Second, ["tie"] = of.Tie, ["neither"] = 0.01 };
        var top = new JsonArray([.. probabilities.Select(p => (JsonNode)Token(p.Key, p.Value))]);
        var verdict = Token(value, probabilities[value]);
        verdict["top_logprobs"] = top;
        return new() { ["content"] = new JsonArray(Plain(content[..begin]), verdict, Plain(content[(begin + value.Length)..])) };
    }

    static JsonObject Plain(string text)
    {
        var token = Token(text, 0.99);
        token["top_logprobs"] = new JsonArray();
        return token;
    }

    static JsonObject Token(string text, double probability) =>
        new() { ["token"] = text, ["logprob"] = Math.Log(probability), ["bytes"] = new JsonArray([.. Encoding.UTF8.GetBytes(text).Select(b => (JsonNode)(int)b)]) };

    static string Between(string text, string name)
    {
        var tag = Tag().Match(text).Groups["tag"].Value;
        var (begin, end) = ($"<<<BEGIN {name} {tag}>>>\n", $"\n<<<END {name} {tag}>>>");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    [GeneratedRegex("^<<<BEGIN .* (?<tag>[0-9a-f]+)>>>$", RegexOptions.Multiline)]
    private static partial Regex Tag();
}
