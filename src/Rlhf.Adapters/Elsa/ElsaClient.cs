using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Elsa;

/// <summary>An instance as its server shows it: <c>Running</c> or <c>Finished</c>; <c>Pending</c>, <c>Executing</c>, <c>Suspended</c>, <c>Finished</c>, <c>Cancelled</c> or <c>Faulted</c>.</summary>
public sealed record ElsaInstance(string Id, string Status, string SubStatus, JsonObject Outputs, IReadOnlyList<string> Incidents);

/// <summary>
/// Elsa 3's REST API, as much of it as starting and following an instance needs. A request that starts something is made once; others are tried again.
/// </summary>
/// <param name="address">Where the API is, such as <c>http://127.0.0.1:5090/elsa/api</c>.</param>
/// <param name="token">Sent as a bearer token; null: none.</param>
public sealed class ElsaClient(Uri address, string? token, HttpMessageHandler handler, TimeProvider time) : IDisposable
{
    /// <summary>Custom property of a definition: SHA-256 of the text that it was published from.</summary>
    public const string Source = "rlhf.source";

    static readonly PipelineOptions Patience = new() { Total = TimeSpan.FromMinutes(2), Try = TimeSpan.FromSeconds(30), Retries = 5 };

    readonly HttpClient _client = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
    readonly ResiliencePipeline<HttpResponseMessage> _again = Pipelines.Elsa(Patience, time), _once = Pipelines.Elsa(Patience with { Retries = 0 }, time);

    /// <summary>Makes the text of a file the published version of its definition, unless it is that already; returns the definition's id.</summary>
    /// <exception cref="InvalidDataException">The text is no definition, or the server refuses it.</exception>
    /// <exception cref="IOException">The server cannot be reached or fails.</exception>
    public async Task<string> PublishAsync(string text, string what, CancellationToken cancellationToken)
    {
        if (JsonNode.Parse(text) is not JsonObject model || $"{model["definitionId"]}" is not { Length: > 0 } id) throw new InvalidDataException($"{what} holds no 'definitionId'; expected a workflow definition.");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var known = await AskAsync(HttpMethod.Get, $"workflow-definitions/by-definition-id/{Uri.EscapeDataString(id)}?versionOptions=Published", null, isRepeatable: true, cancellationToken);
        if ($"{known?["customProperties"]?[Source]}" == hash) return id;
        var properties = model["customProperties"] as JsonObject ?? [];
        properties[Source] = hash;
        model["customProperties"] = properties.DeepClone();
        var answer = await AskAsync(HttpMethod.Post, "workflow-definitions", new() { ["model"] = model, ["publish"] = true }, isRepeatable: true, cancellationToken);
        if (answer?["validationErrors"] is JsonArray { Count: > 0 } errors)
            throw new InvalidDataException($"{what} is not published: {string.Join("; ", errors.Select(e => $"{e!["message"]}"))}");
        return id;
    }

    /// <summary>Starts an instance of what is published under the id; returns the instance's id.</summary>
    /// <exception cref="IOException">The server cannot be reached or fails; whether an instance was started is then not known.</exception>
    public async Task<string> StartAsync(string definitionId, JsonObject inputs, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["input"] = inputs.DeepClone(), ["versionOptions"] = "Published" };
        var answer = await AskAsync(HttpMethod.Post, $"workflow-definitions/{Uri.EscapeDataString(definitionId)}/dispatch", body, isRepeatable: false, cancellationToken);
        return $"{answer?["workflowInstanceId"]}" is { Length: > 0 } id ? id : throw new IOException($"{address} started '{definitionId}' but named no instance: {answer?.ToJsonString()}");
    }

    /// <summary>Null where the server knows no such instance (yet).</summary>
    /// <exception cref="IOException">The server cannot be reached or fails.</exception>
    public async Task<ElsaInstance?> FindAsync(string instance, CancellationToken cancellationToken)
    {
        if (await AskAsync(HttpMethod.Get, $"workflow-instances/{Uri.EscapeDataString(instance)}", null, isRepeatable: true, cancellationToken) is not { } json) return null;
        var state = json["workflowState"];
        return new(
            instance, $"{json["status"]}", $"{json["subStatus"]}", state?["output"]?.DeepClone() as JsonObject ?? [],
            [.. (state?["incidents"] as JsonArray ?? []).Select(i => $"{i!["activityId"]}: {i["message"]}")]);
    }

    /// <exception cref="IOException">The server cannot be reached or fails.</exception>
    public Task CancelAsync(string instance, CancellationToken cancellationToken) =>
        AskAsync(HttpMethod.Post, $"cancel/workflow-instances/{Uri.EscapeDataString(instance)}", [], isRepeatable: true, cancellationToken);

    public void Dispose() => _client.Dispose();

    async Task<JsonObject?> AskAsync(HttpMethod method, string path, JsonObject? body, bool isRepeatable, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await (isRepeatable ? _again : _once).ExecuteAsync(async token => await TryAsync(method, path, body, token), cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (answer.StatusCode == HttpStatusCode.NotFound && method == HttpMethod.Get) return null;
            if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) throw new IOException($"{address} answered {(int)answer.StatusCode} to {method} {path}; expected a token that it accepts (RLHF_ELSA_TOKEN).");
            if (answer.StatusCode == HttpStatusCode.BadRequest) throw new InvalidDataException($"{address} refuses {method} {path}: {Short(text)}");
            if (!answer.IsSuccessStatusCode) throw new IOException($"{address} answered {(int)answer.StatusCode} to {method} {path}: {Short(text)}");
            return text.Length == 0 ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or JsonException)
        {
            throw new IOException($"{address} did not answer {method} {path}: {(e is BrokenCircuitException ? "not asked, since too many requests failed lately" : e.Message)}", e);
        }
    }

    async Task<HttpResponseMessage> TryAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri($"{address.ToString().TrimEnd('/')}/{path}"));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        return answer;
    }

    static string Short(string text) => text.Length <= 500 ? text : text[..500] + "…";
}
