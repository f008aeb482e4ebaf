using System.Net;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Polly;
using Polly.CircuitBreaker;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Labeling;

/// <param name="Path">With its query, relative to the tool's address.</param>
sealed record ToolRequest(HttpMethod Method, string Path)
{
    public JsonNode? Body { get; init; }

    /// <summary>Statuses besides success that are answers, too.</summary>
    public IReadOnlyList<HttpStatusCode> Also { get; init; } = [];

    /// <summary>Sent twice it makes two: it is sent once, and after any failure the caller looks at what is there.</summary>
    public bool Once { get; init; }
}

/// <summary>
/// A tool's REST API. Everything that may pass becomes an <see cref="IOException"/> once the pipeline gives up, everything else an
/// <see cref="InvalidDataException"/>; no message holds a key. Safe for many callers at once.
/// </summary>
sealed class ToolClient : IDisposable
{
    const int LongestMessage = 500;
    const long LongestAnswer = 256 << 20;

    static readonly JsonSerializerOptions Snake = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    readonly ToolConnection _connection;
    readonly HttpClient _http;
    readonly ResiliencePipeline<HttpResponseMessage> _pipeline, _once;
    readonly ResiliencePipeline _anew;
    readonly ResiliencePipeline<bool> _untilDone;

    public ToolClient(ToolConnection connection, PipelineOptions patience, TimeProvider time, HttpMessageHandler? handler)
    {
        _connection = connection;
        _http = new(handler ?? Handler(), disposeHandler: handler is null) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LongestAnswer };
        _http.DefaultRequestHeaders.UserAgent.Add(new("rlhf", typeof(ToolClient).Assembly.GetName().Version?.ToString(3)));
        _pipeline = Pipelines.LabelingTool(patience, time);
        _once = Pipelines.LabelingTool(patience with { Retries = 0 }, time);
        _anew = Pipelines.LookAgain(patience, time);
        _untilDone = Pipelines.UntilDone(patience, time);
    }

    public Uri Address => _connection.Address;

    public void Dispose() => _http.Dispose();

    /// <summary>Does work anew that failed in a way that may pass: it looks at what is there before it makes anything.</summary>
    public async Task AnewAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken) =>
        await _anew.ExecuteAsync(async token => await work(token), cancellationToken);

    /// <summary>Asks every second until something that the tool does by itself is done; false where it takes longer than the patience allows.</summary>
    public async Task<bool> UntilDoneAsync(Func<CancellationToken, Task<bool>> ask, CancellationToken cancellationToken) =>
        await _untilDone.ExecuteAsync(async token => await ask(token), cancellationToken);

    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) => Read<T>(new(HttpMethod.Get, path), (await SendAsync(new(HttpMethod.Get, path), cancellationToken)).Body);

    public async Task<T> SendAsync<T>(ToolRequest request, CancellationToken cancellationToken) => Read<T>(request, (await SendAsync(request, cancellationToken)).Body);

    /// <summary>The status and the body, null where it is empty.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(ToolRequest request, CancellationToken cancellationToken)
    {
        var (text, body) = ("", (JsonNode?)null);
        try
        {
            using var answer = await (request.Once ? _once : _pipeline).ExecuteAsync(async token =>
            {
                var answer = await TryAsync(request, token);
                text = await answer.Content.ReadAsStringAsync(token);
                body = answer.IsSuccessStatusCode ? Parse(text) : null;
                return answer;
            }, cancellationToken);
            return answer.IsSuccessStatusCode || request.Also.Contains(answer.StatusCode) ? (answer.StatusCode, body) : throw Failure(request, answer, text);
        }
        catch (Exception e) when (e is ExecutionRejectedException or HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            if (e is IOException && e.Data[typeof(ToolClient)] is not null) throw;
            var sentence = $"{_connection.Title} at {Address.Authority}, {Named(request)}: {(e is BrokenCircuitException ? "not sent, since too many requests failed lately" : e is ExecutionRejectedException or OperationCanceledException ? "no answer in time" : e.Message.TrimEnd('.'))}.";
            throw e.InnerException is AuthenticationException ? new InvalidDataException(sentence, e) : new IOException(sentence, e);
        }
    }

    /// <exception cref="InvalidDataException">It is not what was expected.</exception>
    public T Read<T>(ToolRequest request, JsonNode? body)
    {
        try
        {
            return body.Deserialize<T>(Snake) ?? throw new JsonException("it is no JSON.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{_connection.Title}'s answer to {Named(request)} is not what was expected: {e.Message}", e);
        }
    }

    // A key that has run out is renewed and the request sent again: it was not carried out.
    async Task<HttpResponseMessage> TryAsync(ToolRequest request, CancellationToken cancellationToken)
    {
        var answer = await SendOnceAsync(request, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.Unauthorized || !_connection.Key.Refused()) return answer;
        answer.Dispose();
        return await SendOnceAsync(request, cancellationToken);
    }

    async Task<HttpResponseMessage> SendOnceAsync(ToolRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(Address, request.Path));
        if (request.Body is not null)
        {
            message.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request.Body));
            message.Content.Headers.ContentType = new("application/json");
        }
        await _connection.Key.SignAsync(message, _http, cancellationToken);
        return await _http.SendAsync(message, HttpCompletionOption.ResponseContentRead, cancellationToken);
    }

    // What begins as JSON and is none was cut; the next try may bring it whole.
    static JsonNode? Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (text.TrimStart() is not ['{' or '[', ..]) return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new IOException($"the answer ended early, after {text.Length} characters, or is broken JSON", e);
        }
    }

    Exception Failure(ToolRequest request, HttpResponseMessage answer, string text)
    {
        var status = (int)answer.StatusCode;
        var said = $"{_connection.Title} answered {status} to {Named(request)}";
        var hint = status switch
        {
            401 => $"; does {_connection.KeyVariable} hold a key that is valid?",
            403 => $"; {_connection.KeyVariable} must be the key of somebody who may do this.",
            >= 300 and < 400 => $" with a redirect; does {_connection.AddressVariable} name the server itself?",
            _ => $": {Short(text)}",
        };
        if (!Pipelines.IsTransient(status)) return new InvalidDataException(said + hint);
        var failure = new IOException(said + hint);
        failure.Data[typeof(ToolClient)] = true;
        return failure;
    }

    static string Short(string text)
    {
        var plain = text.ReplaceLineEndings(" ").Trim();
        return plain.Length == 0 ? "(an empty answer)" : plain.Length <= LongestMessage ? plain : plain[..LongestMessage] + "…";
    }

    static string Named(ToolRequest request) => $"{request.Method} /{request.Path.Split('?')[0]}";

    static SocketsHttpHandler Handler() => new()
    {
        // Credentials go nowhere else, and a login page is no success.
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };
}
