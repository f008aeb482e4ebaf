using System.Text;
using System.Text.Json;
using Polly;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// MLflow's REST API (2.9 to 3.x) as far as a projection of runs, metrics, artifacts and model versions needs it. What the server would swallow
/// or cut is refused before sending (<see cref="FieldRules"/>, <see cref="ArgumentException"/>); all else that goes wrong is an
/// <see cref="MlflowException"/>. Each request is sent in the pipeline, again where that is harmless; the methods that create something
/// say what to do when it is not. Safe for many callers at once.
/// </summary>
public sealed partial class MlflowClient : IDisposable
{
    const string Api = "api/2.0/mlflow/";

    readonly MlflowSettings _settings;
    readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    readonly HttpClient _http;

    /// <param name="settings">Which server, and as whom.</param>
    /// <param name="pipeline">Around every request; an empty one sends each once.</param>
    /// <param name="handler">What sends instead of a handler made from the settings; not disposed.</param>
    /// <exception cref="InvalidDataException">The certificates that the settings name cannot be read.</exception>
    public MlflowClient(MlflowSettings settings, ResiliencePipeline<HttpResponseMessage> pipeline, HttpMessageHandler? handler = null)
    {
        (_settings, _pipeline) = (settings, pipeline);
        _http = new(handler ?? MlflowTransport.Handler(settings), disposeHandler: handler is null) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new("rlhf", typeof(MlflowClient).Assembly.GetName().Version?.ToString(3)));
        _http.DefaultRequestHeaders.Authorization = settings.Authorization;
    }

    /// <summary>The server, without credentials.</summary>
    public Uri Address => _settings.Address;

    public void Dispose() => _http.Dispose();

    static MlflowRequest Get(string route, params (string Key, string? Value)[] query) => new(HttpMethod.Get, Api + route) { Query = query };

    static MlflowRequest Post(string route, object body) => new(HttpMethod.Post, Api + route) { Body = body };

    static MlflowRequest Patch(string route, object body) => new(HttpMethod.Patch, Api + route) { Body = body };

    static MlflowRequest Delete(string route, object? body = null) => new(HttpMethod.Delete, Api + route) { Body = body, GoneIsDone = true };

    Task<T> SendAsync<T>(MlflowRequest request, CancellationToken cancellationToken) =>
        SendAsync(request, (answer, token) => ReadJsonAsync<T>(request, answer, token), cancellationToken);

    Task SendAsync(MlflowRequest request, CancellationToken cancellationToken) => SendAsync<Nothing>(request, cancellationToken);

    Task<T> SendAsync<T>(MlflowRequest request, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        new MlflowCall<T>(request, token => SendOnceAsync(request, token), read).RunAsync(_pipeline, cancellationToken);

    async Task<HttpResponseMessage> SendOnceAsync(MlflowRequest request, CancellationToken cancellationToken)
    {
        using var message = request.Message(_settings.Address);
        return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    static async Task<T> ReadJsonAsync<T>(MlflowRequest request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        if (body.AsSpan().TrimStart(" \t\r\n"u8) is [not (byte)'{', ..]) throw MlflowFailure.NotMlflow(request, answer.StatusCode, Encoding.UTF8.GetString(body));
        using var json = Parse(body);
        try
        {
            return json.Deserialize<T>(MlflowJson.Options)!;
        }
        catch (JsonException e)
        {
            throw MlflowFailure.Unexpected(request, $"the answer is not the expected {typeof(T).Name}: {e.Message}", answer.StatusCode, e);
        }
    }

    // What begins as JSON and is none was cut; the next try may bring it whole.
    static JsonDocument Parse(byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException e)
        {
            throw new IOException($"the answer ended early, after {body.Length} bytes, or is broken JSON.", e);
        }
    }

    sealed record Nothing;
}
