using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.AspNetCore.Routing;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Library;
using Rlhf.Server.Access;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Json;
using Route = Rlhf.Server.Access.Route;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Every endpoint of Elsa's API, with whatever anybody may send.</summary>
public sealed class BadRequestTests(ITestOutputHelper output)
{
    const string Seed = "0N0XIzNsQ0O2";

    // Each in turn; RLHF_BAD_REQUESTS asks for more.
    static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("RLHF_BAD_REQUESTS"), out var number) ? number : 2000;

    [Fact]
    public async Task Nothing_that_is_sent_is_a_failure_of_the_server_and_what_is_refused_changes_nothing()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        await place.Runtime.DriveAsync();
        var routes = place.Server.Endpoints.Cast<RouteEndpoint>().Where(e => e.RoutePattern.RawText!.StartsWith("/elsa/api/", StringComparison.Ordinal))
            .Select(e => (Method: e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0], Pattern: e.RoutePattern.RawText!)).OrderBy(r => $"{r.Method} {r.Pattern}", StringComparer.Ordinal).ToList();
        var (statuses, wrong) = (new Dictionary<HttpStatusCode, int>(), new List<string>());

        await BadRequest.Of(routes.Count).SampleAsync(async bad =>
        {
            await ThereAsync(place, key);
            var (method, pattern) = routes[bad.Route];
            var before = await StateAsync(place);
            using var request = bad.Message(method, pattern);
            request.Headers.Authorization = new("Bearer", key);
            using var response = await place.RawAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            lock (statuses) statuses[response.StatusCode] = statuses.GetValueOrDefault(response.StatusCode) + 1;
            var what = $"{method} {request.RequestUri} {bad.ContentType} {bad.Body}: {(int)response.StatusCode} {text}";
            if ((int)response.StatusCode >= 500) wrong.Add($"The server failed: {what}");
            if (response.StatusCode == HttpStatusCode.BadRequest && !IsOfElsa(text) && !IsNoAddress(request)) wrong.Add($"Not in Elsa's shape: {what}");
            if ((int)response.StatusCode >= 400 && await StateAsync(place) != before) wrong.Add($"Refused, and something changed: {what}");
        }, seed: Seed, iter: Requests, threads: 1);
        foreach (var version in (await place.Runtime.Library.ListAsync(new() { Options = VersionOptions.AllVersions })).Items)
            Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", $"/elsa/api/workflow-definitions/by-id/{version.DefinitionId}:{version.Version}", key)).Status);

        output.WriteLine($"{Requests} requests to {routes.Count} routes: {string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{(int)s.Key} {s.Value}"))}");
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
        Assert.True(statuses.GetValueOrDefault(HttpStatusCode.OK) > Requests / 20, "Nothing was taken: the test asks for nothing that there is.");
        Assert.DoesNotContain(HttpStatusCode.TooManyRequests, statuses.Keys);
        Assert.Empty(Directory.Exists(place.Workflows) ? Directory.GetFiles(place.Workflows, "*.unfinished") : []);
    }

    [Fact]
    public async Task Ten_megabytes_are_refused_by_every_endpoint_that_takes_a_body()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        await ThereAsync(place, key);
        var before = await StateAsync(place);
        var tooLong = new JsonObject { ["model"] = new string('x', 10 << 20) };
        // Of nobody in particular so much is not even read.
        var endpoints = place.Server.Endpoints.Cast<RouteEndpoint>().Where(e => e.RoutePattern.RawText!.StartsWith("/elsa/api/", StringComparison.Ordinal) && e.Metadata.GetMetadata<Route>()!.Needs != Permission.Anyone)
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(m => m is "POST" or "PUT").Select(m => (Method: m, Pattern: e.RoutePattern.RawText!))).ToList();

        foreach (var (method, pattern) in endpoints)
        {
            var path = string.Join('/', pattern.Split('/').Select(p => p.StartsWith('{') ? "some-flow" : p));
            var reply = await place.SendAsync(method, path, key, tooLong);
            Assert.True(reply.Status == HttpStatusCode.RequestEntityTooLarge, $"{method} {pattern}: {reply.Status} {reply.Text[..Math.Min(300, reply.Text.Length)]}");
        }

        Assert.True(endpoints.Count > 25, $"{endpoints.Count} endpoints");
        Assert.Equal(before, await StateAsync(place));
    }

    static bool IsOfElsa(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject json && json["errors"] is JsonObject { Count: > 0 };
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // Kestrel lets nobody see these.
    static bool IsNoAddress(HttpRequestMessage request) => request.RequestUri!.OriginalString.Contains("%00", StringComparison.Ordinal);

    /// <summary>What the requests may be about: a published flow, whatever became of it.</summary>
    static async Task ThereAsync(Place place, string key)
    {
        if (await place.Runtime.Library.GetAsync("some-flow", VersionOptions.Published) is not null) return;
        if (await place.Runtime.Library.GetAsync("some-flow", VersionOptions.Latest) is null) await DefinitionTests.SaveAsync(place, key, DefinitionTests.Flow("hello"), publish: true);
        else await place.SendAsync("POST", "/elsa/api/workflow-definitions/some-flow/publish", key, new JsonObject());
    }

    /// <summary>Everything that the API can change: definitions with their texts, files, and instances.</summary>
    static async Task<string> StateAsync(Place place)
    {
        var versions = (await place.Runtime.Library.ListAsync(new() { Options = VersionOptions.AllVersions })).Items.Select(v => $"{v.DefinitionId}:{v.Version}:{v.Revision} {v.IsPublished} {v.Text}");
        var files = Directory.Exists(place.Workflows) ? Directory.GetFiles(place.Workflows).Order(StringComparer.Ordinal).Select(f => $"{f} {File.ReadAllText(f)}") : [];
        var instances = (await place.Runtime.ListAsync(new(Take: 100_000))).Select(i => i.Id);
        return CanonicalJson.Hash(new JsonObject { ["state"] = string.Join('\n', [.. versions, .. files, .. instances.Order(StringComparer.Ordinal)]) });
    }
}
