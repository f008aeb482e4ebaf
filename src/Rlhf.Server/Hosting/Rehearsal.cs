using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Access;
using Rlhf.Server.Access;

namespace Rlhf.Server.Hosting;

/// <summary>
/// Has everything that an answer takes made once before the first real one: queries, and, by requests of nobody to the same pipeline on a loopback port of
/// its own, what is compiled on first use. Without it hundreds of labelers who come back after a restart wait for that together.
/// </summary>
static class Rehearsal
{
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public static async Task PlayAsync(Site site, CancellationToken cancellationToken)
    {
        try
        {
            await site.Runtime.Queue.PrepareAsync(cancellationToken);
            await AskAsync(site, cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // The first labelers wait a moment longer; what still fails then is said to them.
            site.Log($"No rehearsal of the pages: {e.Message}");
        }
    }

    static async Task AskAsync(Site site, CancellationToken cancellationToken)
    {
        // Nobody else can guess it, and it opens nothing once this method has returned.
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        await using var app = PagesServer.Build(site, ["http://127.0.0.1:0"], new Stagehand(secret));
        await app.StartAsync(cancellationToken);
        // Not by the way of a proxy that the environment may name.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Longest, BaseAddress = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        // All of these are refused or change nothing.
        using var progress = await client.GetAsync("/api/labeling/progress", cancellationToken);
        using var assignments = await client.PostAsJsonAsync("/api/labeling/assignments", new { count = 0 }, cancellationToken);
        using var answers = await client.PostAsJsonAsync("/api/labeling/answers", new { key = "rehearsal", labeler = Stagehand.Name, item = "none", choice = "tie", seconds = 1 }, cancellationToken);
        await app.StopAsync(cancellationToken);
    }

    /// <summary>Nobody, who may label.</summary>
    sealed class Stagehand(string secret) : IIdentify
    {
        public const string Name = "nobody";

        public Task<Caller?> IdentifyAsync(HttpContext context) =>
            Task.FromResult(context.Request.Headers.Authorization == $"Bearer {secret}" ? new Caller(Name, Role.Labeler) : null);
    }
}
