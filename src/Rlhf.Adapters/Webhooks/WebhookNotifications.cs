using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Polly;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Json;
using Rlhf.Steps.Notifications;

namespace Rlhf.Adapters.Webhooks;

/// <summary>
/// Sends notifications to one receiver, signed by the Standard Webhooks specification: <c>webhook-id</c> is the notification's id, whichever try it is, and
/// <c>webhook-timestamp</c> the time of the try. The body is <c>{"data","timestamp","type"}</c>, the timestamp that of the event. Any answer but 2xx
/// is a failure.
/// </summary>
public sealed class WebhookNotifications : INotifications, IDisposable
{
    /// <summary>Longer than this nobody waits for a receiver.</summary>
    public static readonly PipelineOptions Patience = new() { Total = TimeSpan.FromSeconds(8), Try = TimeSpan.FromSeconds(3), Retries = 2, FirstDelay = TimeSpan.FromSeconds(0.3) };

    readonly WebhookSettings _settings;
    readonly TimeProvider _time;
    readonly Action<string> _log;
    readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    readonly HttpClient _client;

    /// <param name="log">Takes a line about each notification that did not arrive.</param>
    public WebhookNotifications(WebhookSettings settings, TimeProvider time, Action<string> log, PipelineOptions? patience = null)
        : this(settings, time, log, patience ?? Patience, Dns.GetHostAddressesAsync) { }

    internal WebhookNotifications(
        WebhookSettings settings, TimeProvider time, Action<string> log, PipelineOptions patience, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        (_settings, _time, _log, _pipeline) = (settings, time, log, Pipelines.Webhook(patience, time));
        _client = new(WebhookTransport.Handler(settings.AllowsPrivate, resolve)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public async Task<bool> SendAsync(Notification notification, CancellationToken cancellationToken)
    {
        try
        {
            await DeliverAsync(notification, cancellationToken);
            return true;
        }
        // Whatever is wrong with a receiver is never the sender's failure.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _log($"{notification.Type} ({notification.Id}) did not reach {_settings}: {e.Message}");
            return false;
        }
    }

    /// <summary>The same, with an exception that says why it did not arrive.</summary>
    /// <exception cref="HttpRequestException">The receiver cannot be reached, or may not be.</exception>
    /// <exception cref="IOException">It answered, and not with success.</exception>
    /// <exception cref="Polly.Timeout.TimeoutRejectedException">It did not answer in time.</exception>
    public async Task DeliverAsync(Notification notification, CancellationToken cancellationToken)
    {
        if (notification.Id.Length == 0 || notification.Id.Contains('.', StringComparison.Ordinal))
            throw new ArgumentException($"A notification's id is '{notification.Id}'; expected a text without a full stop, which its signature separates it by.");
        var body = BodyOf(notification);
        using var answer = await _pipeline.ExecuteAsync(async token => await TryAsync(notification.Id, body, token), cancellationToken);
        if (!answer.IsSuccessStatusCode) throw new IOException($"it answered {(int)answer.StatusCode} ({answer.StatusCode}); expected 2xx.");
    }

    public void Dispose() => _client.Dispose();

    async Task<HttpResponseMessage> TryAsync(string id, byte[] body, CancellationToken cancellationToken)
    {
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        using var request = new HttpRequestMessage(HttpMethod.Post, _settings.Address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Of([.. _settings.Key], id, timestamp, body));
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    byte[] BodyOf(Notification notification)
    {
        var data = notification.Data.DeepClone().AsObject();
        if (_settings.Link is { } link) data["link"] = link.ToString();
        return CanonicalJson.Write(new JsonObject
        {
            ["type"] = notification.Type,
            ["timestamp"] = notification.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            ["data"] = data,
        });
    }
}
