using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Server.Access;
using Rlhf.Server.Elsa;
using Rlhf.Server.Tests.Browser;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Elsa.Tests.Studio;

/// <summary>Elsa Studio of <c>rlhf serve --elsa</c> over a real Elsa. <c>RLHF_SCREENSHOTS=folder</c> keeps pictures.</summary>
public sealed class ElsaStudioTests(Chromium chromium) : IClassFixture<Chromium>
{
    const string Token = "the host's";

    [Fact]
    public async Task A_round_of_the_host_is_listed_drawn_dispatched_and_watched_and_Studio_misses_nothing()
    {
        await using var host = await RunningHost.StartAsync(workflows: Repository.Workflow(""), token: Token);
        await using var served = await ServedStudio.StartAsync(host, Token);
        await using var person = await chromium.PersonAsync(served.Address);
        var studio = new StudioDesk(await person.NewPageAsync(), served.Address);
        var refused = RefusedBy(studio.Page);
        var round = JsonNode.Parse(await File.ReadAllTextAsync(Repository.Workflow("rlhf-round.json")))!["root"]!;

        await studio.OpenAsync("/studio/definitions");
        var listed = await studio.Rows.AllInnerTextsAsync();
        await studio.PictureAsync("elsa-definitions");
        await studio.OpenAsync("/studio/definitions/rlhf-round");
        await studio.Edges.Nth(round["connections"]!.AsArray().Count - 1).WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var drawn = (await studio.Nodes.CountAsync(), await studio.Edges.CountAsync());
        await studio.PictureAsync("elsa-editor");
        var instance = await studio.DispatchAsync("rlhf-round", new() { ["labeler"] = "simulated", ["seed"] = 1 });
        await host.StoredAsync(instance);
        await studio.OpenAsync($"/studio/instances/{instance}");
        await studio.Frame.GetByText("Suspended", new() { Exact = true }).First.WaitForAsync();
        await studio.PictureAsync("elsa-instance");
        await studio.OpenAsync("/studio/instances");
        await studio.PictureAsync("elsa-instances");
        var row = await studio.Rows.Filter(new() { HasText = instance }).InnerTextAsync();

        Assert.All(Directory.GetFiles(Repository.Workflow(""), "*.json"), f => Assert.Contains(listed, r => r.Contains(Path.GetFileNameWithoutExtension(f), StringComparison.Ordinal)));
        Assert.Equal((round["activities"]!.AsArray().Count, round["connections"]!.AsArray().Count), drawn);
        Assert.Contains("Suspended", row, StringComparison.Ordinal);
        Assert.Empty(refused);
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task What_is_drawn_is_published_in_the_host_and_runs_there_to_its_end()
    {
        await using var host = await RunningHost.StartAsync(token: Token);
        await host.PublishAsync(SomeFlow.Of("greeting", SomeFlow.Line("hello"), SomeFlow.Wait("greeting.returned"), SomeFlow.Line("bye")));
        await using var served = await ServedStudio.StartAsync(host, Token);
        await using var person = await chromium.PersonAsync(served.Address);
        var studio = new StudioDesk(await person.NewPageAsync(), served.Address);
        var refused = RefusedBy(studio.Page);

        await studio.OpenAsync("/studio/definitions/greeting");
        var added = await studio.DragInAsync("Console", "Write Line", fromRight: 200, fromBottom: 120);
        await studio.ConnectAsync("bye", "Done", added);
        await studio.SetAsync(added, "The text to write.", "and thanks");
        await studio.PublishAsync();
        var published = (await host.AskAsync("GET", "workflow-definitions/by-definition-id/greeting?versionOptions=Published")).Body!;
        var instance = await studio.RunAsync();
        await studio.Frame.GetByText("Suspended", new() { Exact = true }).First.WaitForAsync();
        Assert.Equal(200, (await host.AskAsync("POST", "events/greeting.returned/trigger", new JsonObject())).Status);
        await studio.Frame.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        await studio.PictureAsync("elsa-finished");
        var state = (await host.AskAsync("GET", $"workflow-instances/{instance}")).Body!;
        var other = await studio.DispatchAsync("greeting", []);
        await host.StoredAsync(other);
        await studio.OpenAsync("/studio/instances");
        await studio.DoAsync(other, "Cancel");
        await studio.Rows.Filter(new() { HasText = other }).GetByText("Cancelled").WaitForAsync();
        var open = new[] { await studio.DispatchAsync("greeting", []), await studio.DispatchAsync("greeting", []) };
        foreach (var one in open) await host.StoredAsync(one);
        await studio.OpenAsync("/studio/instances");
        await studio.CancelAllAsync();
        foreach (var one in open) await host.UntilAsync(one, "Cancelled");

        Assert.Equal(2, published["version"]!.GetValue<int>());
        Assert.Equal("and thanks", $"{published["root"]!["activities"]!.AsArray().Single(a => $"{a!["id"]}" == added)!["text"]!["expression"]!["value"]}");
        Assert.Equal(("Finished", $"{published["id"]}"), ($"{state["subStatus"]}", $"{state["definitionVersionId"]}"));
        Assert.Empty(refused);
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task Who_may_only_see_changes_nothing_in_the_host()
    {
        await using var host = await RunningHost.StartAsync(token: Token);
        await host.PublishAsync(SomeFlow.Of("greeting", SomeFlow.Line("hello")));
        await using var served = await ServedStudio.StartAsync(host, Token);
        var key = await served.KeyAsync("vera", "viewer");
        using var client = new HttpClient { BaseAddress = new(served.Address), DefaultRequestHeaders = { Authorization = new("Bearer", key) } };
        await using var person = await chromium.PersonAsync(served.Address);
        var studio = new StudioDesk(await person.NewPageAsync(), served.Address);
        var refused = RefusedBy(studio.Page);

        var list = JsonNode.Parse(await client.GetStringAsync("/elsa/api/workflow-definitions?versionOptions=Latest"))!;
        using var deleted = await client.DeleteAsync("/elsa/api/workflow-definitions/greeting");
        await studio.Page.GotoAsync("/sign-in");
        await studio.Page.Locator("input[name=key]").FillAsync(key);
        await studio.Page.Locator("form button[type=submit]").First.ClickAsync();
        await studio.OpenAsync("/studio/definitions/greeting");
        await studio.PictureAsync("elsa-editor-of-a-viewer");

        Assert.Equal(HttpStatusCode.Forbidden, deleted.StatusCode);
        Assert.Equal(200, (await host.AskAsync("GET", "workflow-definitions/by-definition-id/greeting?versionOptions=Latest")).Status);
        Assert.All(list["items"]![0]!["links"]!.AsArray(), link => Assert.True($"{link!["method"]}" == "GET" || $"{link["rel"]}" == "export", $"{link}"));
        Assert.Contains(list["items"]![0]!["links"]!.AsArray(), link => $"{link!["rel"]}" == "self");
        Assert.Empty(refused);
        Assert.Empty(studio.Errors);
    }

    [Fact]
    public async Task What_is_handed_on_is_what_the_host_has_but_for_what_is_named_here()
    {
        await using var host = await RunningHost.StartAsync();
        var has = host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(m => $"{m} {Shape(e.RoutePattern.RawText!)}")).ToHashSet(StringComparer.OrdinalIgnoreCase);

        var lacking = RouteTable.All.Where(r => r.InElsa is not null && ElsaApi.Holds(r.Pattern)).Select(r => $"{r.Method} {Shape(r.Pattern)}").Where(r => !has.Contains(r)).Order(StringComparer.Ordinal);

        Assert.Equal(
        [
            "DELETE /elsa/hubs/workflow-instance", // a hub tells what its own node does alone: Studio asks again instead
            "GET /elsa/api/activity-executions/by-id", // asked by path
            "GET /elsa/api/workflow-definitions/{}/findings", // of the embedded runtime's lint
            "GET /elsa/hubs/workflow-instance",
            "POST /elsa/hubs/workflow-instance",
            "POST /elsa/hubs/workflow-instance/negotiate",
        ], lacking);

        static string Shape(string pattern) => Regex.Replace($"/{pattern.Trim('/')}", "{[^}]+}", "{}");
    }

    /// <summary>What Studio asked and was refused, as it comes.</summary>
    static List<string> RefusedBy(IPage page)
    {
        var refused = new List<string>();
        page.Response += (_, answer) =>
        {
            if (answer.Status >= 400) refused.Add($"{answer.Status} {answer.Request.Method} {new Uri(answer.Url).AbsolutePath}");
        };
        return refused;
    }
}
