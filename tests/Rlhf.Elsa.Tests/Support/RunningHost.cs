using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Elsa.Features.Services;
using Microsoft.AspNetCore.Builder;
using Rlhf.Adapters.Blob;
using Rlhf.Elsa.Hosting;

namespace Rlhf.Elsa.Tests.Support;

/// <summary>Our host, in this process on a port of its own, over a folder that goes with it, and Elsa's API of it.</summary>
sealed class RunningHost : IAsyncDisposable
{
    readonly WebApplication _host;
    readonly HttpClient _client;
    readonly string? _folder;

    RunningHost(WebApplication host, Uri address, string? folder) => (_host, _client, _folder) = (host, new() { BaseAddress = new($"{address}{ElsaHost.Api}/") }, folder);

    public IServiceProvider Services => _host.Services;

    public Uri Api => _client.BaseAddress!;

    /// <param name="store">A store that stays; null: one of its own.</param>
    public static async Task<RunningHost> StartAsync(
        string? store = null, string? workflows = null, string? postgres = null, string? token = null, Action<IModule>? more = null, BlobSettings? container = null)
    {
        var folder = store is null ? Directory.CreateTempSubdirectory("rlhf-elsa-").FullName : null;
        var address = new Uri($"http://127.0.0.1:{FreePort()}/");
        var host = ElsaHost.Build(new ElsaHostOptions(store ?? folder!)
        {
            Urls = address.ToString(),
            Workflows = workflows,
            Postgres = postgres,
            Token = token,
            Container = container,
            Interrupted = TimeSpan.FromSeconds(3),
        }, more);
        await host.StartAsync();
        var running = new RunningHost(host, address, folder);
        running._client.DefaultRequestHeaders.Authorization = token is null ? null : new("Bearer", token);
        return running;
    }

    /// <summary>Publishes a definition.</summary>
    public async Task PublishAsync(string definition)
    {
        var (status, body) = await AskAsync("POST", "workflow-definitions", new JsonObject { ["model"] = JsonNode.Parse(definition), ["publish"] = true });
        Assert.True(status is 200 or 201, $"{status} {body}");
    }

    /// <summary>Waits until an instance is stored, which is later than the answer to its dispatch.</summary>
    public async Task StoredAsync(string instance)
    {
        for (var looks = 0; (await AskAsync("GET", $"workflow-instances/{instance}")).Status != 200; looks++, await Task.Delay(100))
            Assert.True(looks < 200, $"Instance {instance} is not stored after 20 s.");
    }

    public async Task<(int Status, JsonNode? Body)> AskAsync(string method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(new(method), path.TrimStart('/'));
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.Length > 0 && answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true ? JsonNode.Parse(text) : null);
    }

    /// <summary>Waits until an instance stands as it is to stand.</summary>
    public async Task UntilAsync(string instance, string subStatus)
    {
        var last = "";
        for (var looks = 0; looks < 200; looks++, await Task.Delay(100))
        {
            if ((last = $"{(await AskAsync("GET", $"workflow-instances/{instance}")).Body?["subStatus"]}") == subStatus) return;
        }
        throw new TimeoutException($"Instance {instance} is '{last}' after 20 s; expected '{subStatus}'.");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(5)).Token);
        await _host.DisposeAsync();
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
