using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Elsa.Live;
using Rlhf.Server.Tests.Studio;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Forwarding;

/// <summary>What goes on for long where the workflows are those of an Elsa server: streams and sockets.</summary>
public sealed class ForwardedStreamTests
{
    [Fact]
    public async Task What_the_Elsa_server_has_said_comes_before_it_has_said_all()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await ForwardingTests.OpenAsync(elsa);
        var goOn = new TaskCompletionSource();
        elsa.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: first\n");
            await context.Response.Body.FlushAsync();
            await goOn.Task;
            await context.Response.WriteAsync("data: last\n");
        };

        using var answer = await place.BeginAsync(new(HttpMethod.Get, $"{LiveRoutes.Hub}?id=0123"));
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var first = await lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));
        goOn.SetResult();

        Assert.Equal(("data: first", "data: last"), (first, await lines.ReadLineAsync()));
        Assert.Equal("/elsa/hubs/workflow-instance?id=0123", elsa.Asked.Single().Target);
    }

    [Fact]
    public async Task Who_goes_away_ends_the_request_at_the_Elsa_server()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await ForwardingTests.OpenAsync(elsa);
        var (begun, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        elsa.Answer = async context =>
        {
            context.RequestAborted.Register(ended.SetResult);
            await context.Response.WriteAsync("first");
            await context.Response.Body.FlushAsync();
            begun.SetResult();
            await ended.Task;
        };

        using (await place.BeginAsync(new(HttpMethod.Get, $"{LiveRoutes.Hub}?id=0123"))) await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(place.Log);
    }

    [Theory]
    [InlineData("/elsa/api/workflow-definitions", "GET")]
    [InlineData("/studio/definitions", "GET")]
    [InlineData("/elsa/api/workflow-instances", "POST")]
    public async Task An_Elsa_server_that_says_nothing_counts_as_away_after_a_while(string address, string method)
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await Place.OpenAsync(change: o => StudioPagesTests.WithStudio(o) with { Elsa = elsa.Server with { Patience = TimeSpan.FromSeconds(0.5) } });
        elsa.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);

        var reply = await place.SendAsync(method, address, body: method == "POST" ? new JsonObject() : null);

        Assert.Equal(HttpStatusCode.BadGateway, reply.Status);
        Assert.Contains("nothing came for 0.5 s.", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_this_server_has_a_socket_to_the_Elsa_servers_hub_and_no_other_site_has()
    {
        await using var elsa = await FakeElsa.StartAsync();
        await using var place = await ForwardingTests.OpenAsync(elsa);
        var secret = new string('5', 64);
        var token = $"page_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"elsa {secret}")))}";

        async Task<ClientWebSocket> OpenAsync(string origin)
        {
            var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("Origin", origin);
            socket.Options.SetRequestHeader("Cookie", $"rlhf-page={secret}");
            await socket.ConnectAsync(new($"{place.Address.Replace("http:", "ws:", StringComparison.Ordinal)}{LiveRoutes.Hub}?id=0123&access_token={token}"), default);
            return socket;
        }

        await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync("https://elsewhere.example"));
        Assert.Empty(elsa.Asked);
        using var own = await OpenAsync(place.Address);
        await own.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, default);
        var buffer = new byte[16];
        var heard = await own.ReceiveAsync(buffer, default).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, heard.Count));
        var asked = elsa.Asked.Single();
        Assert.Equal(("/elsa/hubs/workflow-instance?id=0123", $"Bearer {FakeElsa.Token}"), (asked.Target, asked.Headers["Authorization"]));
        Assert.DoesNotContain(asked.Headers.Keys, name => name is "Cookie" or "Origin");
    }

    [Fact]
    public async Task A_socket_that_the_Elsa_server_does_not_take_is_a_502()
    {
        var elsa = await FakeElsa.StartAsync();
        await using var place = await ForwardingTests.OpenAsync(elsa);
        await elsa.DisposeAsync();
        using var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new($"{place.Address.Replace("http:", "ws:", StringComparison.Ordinal)}{LiveRoutes.Hub}?id=0123"), default));

        Assert.Equal(StatusCodes.Status502BadGateway, (int)socket.HttpStatusCode);
    }
}
