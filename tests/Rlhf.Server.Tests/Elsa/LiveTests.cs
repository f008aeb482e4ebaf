using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Elsa.Replay;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Instances as they are followed live, by a stream and by a socket.</summary>
public sealed class LiveTests
{
    const string Hub = "/elsa/hubs/workflow-instance", Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e";

    [Fact]
    public async Task Who_looks_at_an_instance_is_told_as_soon_as_it_goes_on()
    {
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var (id, key) = (await place.StartAsync(await Flows.WaitAsync(place)), await place.KeyAsync("vera", Role.Viewer));
        var offer = await NegotiateAsync(place, key);
        var address = $"{Hub}?id={offer["connectionToken"]}";
        using var asked = With(key, new(HttpMethod.Get, address));
        asked.Headers.Accept.ParseAdd("text/event-stream");
        using var stream = await place.BeginAsync(asked);
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        foreach (var message in new[] { Handshake, Observe(id) })
        {
            using var sent = await place.RawAsync(With(key, new(HttpMethod.Post, address) { Content = new StringContent(message) }));
            Assert.True(sent.IsSuccessStatusCode, $"{sent.StatusCode}");
        }

        await HearAsync(() => ReadAsync(lines), "\"isBlocked\":true");
        await place.Runtime.SendEventAsync("go", null, id);
        var heard = await HearAsync(() => ReadAsync(lines), "\"activityNodeId\":\"Workflow1:flow:wait\",\"startedCount\":1,\"completedCount\":1");

        Assert.Contains($"\"WorkflowInstanceUpdatedAsync\",\"arguments\":[{{\"workflowInstanceId\":\"{id}\"}}]", heard, StringComparison.Ordinal);
        Assert.Contains("WorkflowExecutionLogUpdatedAsync", heard, StringComparison.Ordinal);
        Assert.Contains("ActivityExecutionLogUpdatedAsync", heard, StringComparison.Ordinal);
        // A browser's socket cannot bring the key.
        Assert.DoesNotContain(offer["availableTransports"]!.AsArray(), t => $"{t!["transport"]}" == "WebSockets");
    }

    [Fact]
    public async Task A_page_of_this_server_has_a_socket_and_no_other_site_has()
    {
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var id = await place.StartAsync(await Flows.WaitAsync(place));
        var offer = await NegotiateAsync(place, null);
        // A page has the secret as a cookie, and the token that follows from it in its text.
        var secret = new string('5', 64);
        var token = $"page_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"elsa {secret}")))}";
        var address = place.Address.Replace("http:", "ws:", StringComparison.Ordinal) + $"{Hub}?id={offer["connectionToken"]}";

        async Task<ClientWebSocket> OpenAsync(string origin, string query)
        {
            var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("Origin", origin);
            socket.Options.SetRequestHeader("Cookie", $"rlhf-page={secret}");
            await socket.ConnectAsync(new Uri(address + query), TestContext.Current.CancellationToken);
            return socket;
        }

        await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync("https://elsewhere.example", $"&access_token={token}"));
        await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync(place.Address, ""));
        using var own = await OpenAsync(place.Address, $"&access_token={token}");
        foreach (var message in new[] { Handshake, Observe(id) }) await own.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

        await HearAsync(() => ReceiveAsync(own), "\"isBlocked\":true");
    }

    [Fact]
    public async Task Who_may_not_see_instances_hears_nothing_of_them()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("ann");

        using var refused = await place.RawAsync(With(key, new(HttpMethod.Post, $"{Hub}/negotiate?negotiateVersion=1")));
        var error = JsonNode.Parse(await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

        Assert.Equal((403, "ann is labeler and may not do this."), ((int)refused.StatusCode, $"{error["errors"]!["generalErrors"]![0]}"));
    }

    static string Observe(string instance) => $"{{\"type\":1,\"target\":\"ObserveInstanceAsync\",\"arguments\":[\"{instance}\"]}}\u001e";

    static HttpRequestMessage With(string? key, HttpRequestMessage request)
    {
        if (key is not null) request.Headers.Authorization = new("Bearer", key);
        return request;
    }

    static async Task<JsonNode> NegotiateAsync(Place place, string? key)
    {
        using var response = await place.RawAsync(With(key, new(HttpMethod.Post, $"{Hub}/negotiate?negotiateVersion=1")));
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    static async Task<string> ReadAsync(StreamReader lines) => await lines.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new EndOfStreamException("The stream has ended.");

    static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[1 << 16];
        var received = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
        return received.MessageType == WebSocketMessageType.Close ? throw new EndOfStreamException("The socket was closed.") : Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    /// <summary>Listens until something was said, and gives all that was.</summary>
    static async Task<string> HearAsync(Func<Task<string>> next, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var heard = new StringBuilder();
        while (!heard.ToString().Contains(what, StringComparison.Ordinal)) heard.AppendLine(await next().WaitAsync(patience.Token));
        return heard.ToString();
    }
}
