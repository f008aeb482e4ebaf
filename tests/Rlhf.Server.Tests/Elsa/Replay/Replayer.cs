using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Replay;

/// <summary>
/// Sends recorded requests to a server of ours and compares the answers. Ids differ: ours take the place of the recorded ones, as the answers tell them, and activities
/// of the recorded server are steps here.
/// </summary>
/// <param name="key">Of who asks; null: the person at this machine.</param>
sealed partial class Replayer(Place place, string? key = null)
{
    const string Hub = "/elsa/hubs/workflow-instance", Connection = "<connection>";

    readonly Dictionary<string, string> _ours = new(StringComparer.Ordinal);

    readonly Dictionary<(string Definition, string Version), string> _versions = [];

    /// <summary>From now on this id of ours stands for the recorded one.</summary>
    public void Meet(string recorded, string ours) => _ours[recorded] = ours;

    public string Translate(string text) => Id().Replace(text, m => _ours.GetValueOrDefault(m.Value, m.Value)).Replace("Acme.", "Rlhf.", StringComparison.Ordinal);

    // Elsa makes a version of everything that is published, this server of what means something else.
    string TranslateVersion(Exchange exchange) => Version().Replace(Translate(exchange.Query), m =>
        _versions.FirstOrDefault(v => exchange.Path.Contains($"/{v.Key.Definition}/", StringComparison.Ordinal) && m.Groups[1].Value == v.Key.Version) is { Value: { } ours } ? $"versionOptions={ours}" : m.Value);

    /// <summary>What differs, or null.</summary>
    public async Task<string?> PlayAsync(Exchange exchange)
    {
        if (exchange.Path.StartsWith(Hub, StringComparison.Ordinal)) return await PlayHubAsync(exchange);
        await CatchUpAsync(exchange);
        using var request = new HttpRequestMessage(new(exchange.Method), Translate(exchange.Path) + TranslateVersion(exchange));
        if (exchange.Body.Length > 0) request.Content = new StringContent(Connected(Translate(exchange.Body)), Encoding.UTF8, "application/json");
        if (key is not null) request.Headers.Authorization = new("Bearer", key);
        using var response = await place.RawAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if ((int)response.StatusCode != exchange.Status) return $"status {(int)response.StatusCode}, not {exchange.Status}: {text[..Math.Min(text.Length, 300)]}";
        var type = response.Content.Headers.ContentType?.MediaType;
        if (exchange.Type is { } expected && exchange.Answer.Length > 0 && type != expected.Split(';')[0]) return $"content type {type}, not {expected}";
        if (exchange.Answer.Length == 0) return text.Length == 0 ? null : $"a body of {text.Length} characters, not none";
        if (!exchange.Answer.StartsWith('{')) return text.Length > 0 ? null : "no body";
        var (recorded, ours) = (JsonNode.Parse(exchange.Answer)!, JsonNode.Parse(text)!);
        Learn(recorded, ours);
        return Likeness.Difference(JsonNode.Parse(Translate(exchange.Answer)), ours, exchange.Path);
    }

    // Elsa publishes an activity that nothing leads to, the lint here does not: what was dragged in is connected.
    static string Connected(string body)
    {
        const string dragged = "afbad10932e105a7";
        if (!body.Contains(dragged, StringComparison.Ordinal)) return body;
        var json = JsonNode.Parse(body)!;
        json["model"]!["root"]!["connections"]!.AsArray().Add(JsonNode.Parse($$"""{"source":{"activity":"report","port":"Done"},"target":{"activity":"{{dragged}}","port":"In"},"vertices":[]}"""));
        return json.ToJsonString();
    }

    // Somebody sent the event that the recorded instance waited for: as soon as an answer knows of it, so does the instance here.
    async Task CatchUpAsync(Exchange exchange)
    {
        if (Id().Matches(exchange.Path + exchange.Query + exchange.Body).Select(m => _ours.GetValueOrDefault(m.Value)).FirstOrDefault(i => i?.Length == 32) is not { } instance) return;
        if (!Ended().IsMatch(exchange.Answer) || exchange.Answer.Contains("\"Faulted\"", StringComparison.Ordinal)) return;
        if ((await place.Runtime.FindAsync(instance))?.Status is not WorkflowStatus.Suspended) return;
        await place.Runtime.SendEventAsync("studio-approve", null, instance);
        await place.EndedAsync(instance);
    }

    /// <summary>Ids that stand at the same places of both answers are the same thing's.</summary>
    void Learn(JsonNode? recorded, JsonNode? ours)
    {
        switch (recorded, ours)
        {
            case (JsonObject a, JsonObject b):
                if (a["definitionId"] is { } definition && a["version"] is { } version && b["version"] is { } own) _versions[($"{definition}", $"{version}")] = $"{own}";
                foreach (var (name, value) in a) Learn(value, b[name]);
                break;
            case (JsonArray a, JsonArray b):
                foreach (var item in a) Learn(item, b.FirstOrDefault(o => IsSame(item, o)));
                break;
            case (JsonValue a, JsonValue b) when a.GetValueKind() == JsonValueKind.String && b.GetValueKind() == JsonValueKind.String && Id().IsMatch($"{a}") && $"{a}" == Id().Match($"{a}").Value && $"{a}" != $"{b}":
                _ours[$"{a}"] = $"{b}";
                break;
            default:
                break;
        }
    }

    bool IsSame(JsonNode? recorded, JsonNode? ours) => recorded is JsonObject a && ours is JsonObject b && (
        a["version"] is not null && a["definitionId"] is not null ? Same(a, b, "definitionId") && Same(a, b, "version") && (a["subStatus"] is null || Same(a, b, "id"))
        : a["activityNodeId"] is not null ? Same(a, b, "activityNodeId")
        : a["nodeId"] is not null && Same(a, b, "nodeId") && Same(a, b, "eventName"));

    bool Same(JsonObject a, JsonObject b, string name) => _ours.GetValueOrDefault($"{a[name]}", $"{a[name]}") == $"{b[name]}";

    // Recorded connections cannot be told apart: each message goes over a connection of its own that is as far as it needs.
    async Task<string?> PlayHubAsync(Exchange exchange)
    {
        var (token, offer) = await NegotiateAsync();
        if (exchange.Path.EndsWith("/negotiate", StringComparison.Ordinal)) return offer.Status != exchange.Status ? $"status {offer.Status}" : Likeness.Difference(exchange.Json, offer.Answer, exchange.Path);
        var address = $"{Hub}{exchange.Query.Replace(Connection, token, StringComparison.Ordinal)}";
        if (exchange.Method == "WEBSOCKET")
        {
            using var socket = new ClientWebSocket();
            await socket.ConnectAsync(new Uri(place.Address.Replace("http:", "ws:", StringComparison.Ordinal) + address), CancellationToken.None);
            return socket.State == WebSocketState.Open ? null : $"the socket is {socket.State}";
        }
        using var poll = await place.RawAsync(new(HttpMethod.Get, address));
        if (exchange.Method == "GET") return Status(poll.StatusCode, exchange) ?? (poll.Content.Headers.ContentType?.MediaType == exchange.Type ? null : $"content type {poll.Content.Headers.ContentType}");
        if (!exchange.Body.Contains("protocol", StringComparison.Ordinal) && await SendAsync("POST", address, "{\"protocol\":\"json\",\"version\":1}\u001e") != HttpStatusCode.OK) return "the handshake fails";
        return Status(await SendAsync(exchange.Method, address, Translate(exchange.Body)), exchange);
    }

    static string? Status(HttpStatusCode ours, Exchange exchange) => (int)ours == exchange.Status ? null : $"status {(int)ours}, not {exchange.Status}";

    async Task<HttpStatusCode> SendAsync(string method, string address, string body)
    {
        using var request = new HttpRequestMessage(new(method), address);
        if (body.Length > 0) request.Content = new StringContent(body);
        using var response = await place.RawAsync(request);
        return response.StatusCode;
    }

    async Task<(string Token, (int Status, JsonNode Answer) Offer)> NegotiateAsync()
    {
        using var response = await place.RawAsync(new(HttpMethod.Post, $"{Hub}/negotiate?negotiateVersion=1"));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return ($"{answer["connectionToken"]}", ((int)response.StatusCode, answer));
    }

    [GeneratedRegex(@"versionOptions=(\d+)")]
    private static partial Regex Version();

    [GeneratedRegex(@"(?<![0-9a-f-])[0-9a-f]{13,16}(?![0-9a-f])")]
    private static partial Regex Id();

    [GeneratedRegex("""
        "subStatus":"(Finished|Cancelled)"|"activityId":"report"|"eventName":"Resumed"|"activityId":"(Flowchart1|Workflow1|approve)"[^{}]*("properties":\{[^}]*\}[^{}]*|"metadata":\{[^}]*\}[^{}]*|"FlowScope":\{.*\}\}[^{}]*)*"completedAt"
        """)]
    private static partial Regex Ended();
}
