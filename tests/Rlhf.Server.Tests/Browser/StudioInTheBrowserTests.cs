using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Rlhf.Server.Tests.Support;
using Program = Rlhf.Server.Tests.Support.Program;

namespace Rlhf.Server.Tests.Browser;

/// <summary>A person draws, publishes, runs and watches workflows in Elsa Studio, against <c>rlhf serve</c> and nothing else. <c>RLHF_SCREENSHOTS=folder</c> keeps pictures.</summary>
public sealed class StudioInTheBrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task A_round_is_found_drawn_changed_and_published_and_its_file_is_changed_by_just_that()
    {
        await using var program = await Program.StartAsync();
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);
        var file = Path.Combine(program.Workflows, "rlhf-round.json");
        var (text, before) = (await File.ReadAllTextAsync(file), program.Read("rlhf-round.json"));

        await studio.OpenAsync("/studio/definitions");
        var listed = await studio.Rows.AllInnerTextsAsync();
        await studio.PictureAsync("studio-definitions");
        await studio.Rows.Filter(new() { HasText = "rlhf-round" }).First.ClickAsync();
        await studio.Page.WaitForURLAsync("**/studio/definitions/rlhf-round");
        await studio.Nodes.First.WaitForAsync();
        var drawn = (await studio.Nodes.CountAsync(), await studio.Edges.CountAsync());
        await studio.ZoomToFitAsync();
        var added = await studio.DragInAsync("Console", "Write Line", fromRight: 200, fromBottom: 120);
        await studio.ConnectAsync("train-policy", "Done", added);
        await studio.SetAsync(added, "The line.", "The policy is trained.");
        var drafted = await File.ReadAllTextAsync(file);
        await studio.PublishAsync();
        await studio.PictureAsync("studio-editor");
        var (after, lines) = (program.Read("rlhf-round.json"), (await File.ReadAllLinesAsync(file)).ToHashSet());

        Assert.All(Directory.GetFiles(program.Workflows, "*.json"), f => Assert.Contains(listed, row => row.Contains(Path.GetFileNameWithoutExtension(f), StringComparison.Ordinal)));
        Assert.Equal((before["root"]!["activities"]!.AsArray().Count, before["root"]!["connections"]!.AsArray().Count), drawn);
        Assert.Equal(text, drafted);
        var (activities, connections) = (after["root"]!["activities"]!.AsArray(), after["root"]!["connections"]!.AsArray());
        var activity = activities.Single(a => $"{a!["id"]}" == added)!;
        var connection = connections.Single(c => $"{c!["target"]!["activity"]}" == added)!;
        Assert.Equal(("Elsa.WriteLine", "The policy is trained."), ($"{activity["type"]}", $"{activity["text"]!["expression"]!["value"]}"));
        Assert.Equal(("train-policy", "Done"), ($"{connection["source"]!["activity"]}", $"{connection["source"]!["port"]}"));
        activities.Remove(activity);
        connections.Remove(connection);
        Assert.True(JsonNode.DeepEquals(before, after), $"More was changed: {await File.ReadAllTextAsync(file)}");
        // Two lines got a comma.
        Assert.Equal(2, text.Split('\n').Count(line => !lines.Contains(line)));
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task What_is_run_is_followed_to_its_end_without_asking_again()
    {
        await using var program = await Program.StartAsync(folder => File.WriteAllText(Path.Combine(folder, "greeting.json"), SomeFlow.Of(
            "greeting",
            SomeFlow.Line("hello"), SomeFlow.Wait("greeting.returned"), SomeFlow.Line("bye"))));
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/greeting");
        var instance = await studio.RunAsync();
        await studio.Frame.GetByText("Suspended", new() { Exact = true }).First.WaitForAsync();
        var token = await studio.Page.Locator("#actions input[name=antiforgery]").First.GetAttributeAsync("value");
        var sent = await studio.Page.APIRequest.PostAsync("/elsa/api/events/greeting.returned/trigger", new() { DataObject = new { }, Headers = [new("X-Antiforgery", token!)] });
        Assert.True(sent.Ok, await sent.TextAsync());
        await studio.Frame.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        await studio.PictureAsync("studio-instance");
        await studio.Page.GoBackAsync();
        await studio.Page.WaitForURLAsync("**/studio/definitions/greeting");
        await studio.Nodes.First.WaitForAsync();
        await studio.OpenAsync("/studio/instances");
        await studio.PictureAsync("studio-instances");
        var row = await studio.Rows.Filter(new() { HasText = instance }).InnerTextAsync();
        await studio.Rows.Filter(new() { HasText = instance }).ClickAsync();
        await studio.Page.WaitForURLAsync($"**/studio/instances/{instance}");

        Assert.Contains("Finished", row, StringComparison.Ordinal);
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task What_is_exported_is_what_the_file_says_and_what_is_imported_is_a_draft()
    {
        await using var program = await Program.StartAsync();
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);
        var text = await File.ReadAllTextAsync(Path.Combine(program.Workflows, "promotion.json"));
        var exported = Path.Combine(program.Folder, "exported.json");

        await studio.OpenAsync("/studio/definitions/promotion");
        await studio.ChooseAsync("Export");
        var download = await studio.Page.RunAndWaitForDownloadAsync(() => studio.Frame.Locator(".mud-dialog button").GetByText("Export").ClickAsync());
        await download.SaveAsAsync(exported);
        var said = JsonNode.Parse(await File.ReadAllTextAsync(exported))!;
        var changed = JsonNode.Parse(await File.ReadAllTextAsync(exported))!.AsObject();
        changed["description"] = "Changed elsewhere.";
        await File.WriteAllTextAsync(exported, changed.ToJsonString());
        await studio.ImportAsync(exported);
        await studio.Page.Locator("#standing").GetByText("draft, not published").WaitForAsync();

        Assert.Equal(Ids(JsonNode.Parse(text)!), Ids(said));
        Assert.Equal(text, await File.ReadAllTextAsync(Path.Combine(program.Workflows, "promotion.json")));
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task What_waits_is_cancelled_and_what_failed_says_why_and_is_retried()
    {
        await using var program = await Program.StartAsync(folder =>
        {
            File.WriteAllText(Path.Combine(folder, "waiting.json"), SomeFlow.Of("waiting", SomeFlow.Line("hello"), SomeFlow.Wait()));
            File.WriteAllText(Path.Combine(folder, "broken.json"), SomeFlow.Of("broken", SomeFlow.Pause("00:00:02"), SomeFlow.Failure()));
        });
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/waiting");
        await studio.RunAsync();
        await studio.Page.Locator("#standing").GetByText("suspended").WaitForAsync();
        await studio.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await studio.Page.Locator("#standing").GetByText("cancelled").WaitForAsync();
        await studio.OpenAsync("/studio/definitions/broken");
        var broken = await studio.RunAsync();
        await studio.Page.Locator("#standing").GetByText("it is broken").WaitForAsync();
        await studio.PictureAsync("studio-faulted");
        await studio.Page.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await studio.Frame.Locator(".x6-node").First.WaitForAsync();
        var token = await studio.Page.Locator("#actions input[name=antiforgery]").First.GetAttributeAsync("value");
        var log = await studio.Page.APIRequest.PostAsync($"/elsa/api/workflow-instances/{broken}/journal?skip=0&take=100", new() { DataObject = new { }, Headers = [new("X-Antiforgery", token!)] });
        var events = JsonNode.Parse(await log.TextAsync())!["items"]!.AsArray().Where(i => $"{i!["activityId"]}" == "failure").Select(i => $"{i!["eventName"]}").ToList();

        Assert.True(events.Count(e => e == "Faulted") == 2, string.Join(", ", events));
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    static IEnumerable<string> Ids(JsonNode definition) => definition["root"]!["activities"]!.AsArray().Select(a => $"{a!["type"]} {a["id"]}");

    Task<IBrowserContext> PersonAsync(Program program) => chromium.PersonAsync(program.Address, new() { ViewportSize = new() { Width = 1600, Height = 1000 } });
}
