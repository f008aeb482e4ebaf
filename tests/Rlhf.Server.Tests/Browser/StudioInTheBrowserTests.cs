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
        await studio.DrawnAsync(before["root"]!["activities"]!.AsArray().Count, before["root"]!["connections"]!.AsArray().Count);
        await studio.ZoomToFitAsync();
        var added = await studio.DragInAsync("Console", "Write Line", fromRight: 200, fromBottom: 120);
        await studio.ConnectAsync("train-policy", "Done", added);
        await studio.SetAsync(added, "The line.", "The policy is trained.");
        var drafted = await File.ReadAllTextAsync(file);
        await studio.PublishAsync();
        await studio.PictureAsync("studio-editor");
        var (after, lines) = (program.Read("rlhf-round.json"), (await File.ReadAllLinesAsync(file)).ToHashSet());

        Assert.All(Directory.GetFiles(program.Workflows, "*.json"), f => Assert.Contains(listed, row => row.Contains(Path.GetFileNameWithoutExtension(f), StringComparison.Ordinal)));
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

    [Fact]
    public async Task What_is_exported_and_imported_unchanged_is_nothing_new()
    {
        await using var program = await Program.StartAsync();
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);
        var (file, exported) = (Path.Combine(program.Workflows, "rlhf-round.json"), Path.Combine(program.Folder, "exported.json"));
        var text = await File.ReadAllTextAsync(file);

        await studio.OpenAsync("/studio/definitions/rlhf-round");
        await studio.ChooseAsync("Export");
        var download = await studio.Page.RunAndWaitForDownloadAsync(() => studio.Frame.Locator(".mud-dialog button").GetByText("Export").ClickAsync());
        await download.SaveAsAsync(exported);
        await studio.ImportAsync(exported);
        await studio.PublishAsync();
        await studio.Page.Locator("#standing").GetByText("version 1").WaitForAsync();
        var standing = await studio.Page.Locator("#standing").InnerTextAsync();

        Assert.Matches("^published\\s+version 1\\s*$", standing);
        Assert.Equal(text, await File.ReadAllTextAsync(file));
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task A_person_answers_a_checkpoint_on_the_page_of_its_instance_and_sees_it_go_on()
    {
        await using var program = await Program.StartAsync(folder => File.WriteAllText(Path.Combine(folder, "asks.json"), SomeFlow.WithCheckpoint("asks")));
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/asks");
        var instance = await studio.RunAsync();
        var form = studio.Page.GetByRole(AriaRole.Form, new() { Name = "checkpoint.policy" });
        await form.WaitForAsync();
        var choices = await form.GetByRole(AriaRole.Button).AllInnerTextsAsync();
        await form.GetByLabel("Comment on checkpoint.policy").FillAsync("KL is low.");
        await studio.PictureAsync("studio-checkpoint");
        await form.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await studio.Page.Locator("#standing").GetByText("finished").WaitForAsync();
        await studio.Frame.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();

        Assert.Equal(["Stop", "Continue"], choices);
        Assert.Equal(0, await form.CountAsync());
        var runs = await studio.Page.APIRequest.GetAsync($"/elsa/api/activity-executions/list?workflowInstanceId={instance}");
        Assert.Equal(["checkpoint", "choose", "continued"], JsonNode.Parse(await runs.TextAsync())!["items"]!.AsArray().Select(r => $"{r!["activityId"]}").Where(a => a is not ("flow" or "Workflow1")).Distinct());
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task Instances_are_cancelled_in_Studios_own_list_one_by_one_and_all_that_match()
    {
        await using var program = await Program.StartAsync(folder => File.WriteAllText(Path.Combine(folder, "waiting.json"), SomeFlow.Of("waiting", SomeFlow.Wait())));
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/waiting");
        var first = await studio.RunAsync();
        for (var i = 0; i < 2; i++)
        {
            await studio.OpenAsync("/studio/definitions/waiting");
            await studio.RunAsync();
        }
        await studio.OpenAsync("/studio/instances");
        await studio.DoAsync(first, "Cancel");
        await studio.Rows.Filter(new() { HasText = first }).GetByText("Cancelled", new() { Exact = true }).WaitForAsync();
        var suspended = await studio.Rows.GetByText("Suspended", new() { Exact = true }).CountAsync();
        await studio.CancelAllAsync();
        await studio.Rows.GetByText("Cancelled", new() { Exact = true }).Nth(2).WaitForAsync();
        await studio.PictureAsync("studio-cancelled");

        Assert.Equal(2, suspended);
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    [Fact]
    public async Task Steps_have_pictures_of_their_own_in_the_palette_and_on_the_canvas()
    {
        await using var program = await Program.StartAsync();
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/rlhf-round");
        await studio.Frame.GetByText("RLHF", new() { Exact = true }).First.ClickAsync();
        await studio.Frame.Locator("[draggable=true][data-step=TrainPolicy]").WaitForAsync();
        await studio.PictureAsync("studio-palette");
        var palette = await studio.Frame.Locator("[draggable=true][data-step]").EvaluateAllAsync<string[]>(Picture("svg.mud-icon-root"));
        var canvas = await studio.Frame.Locator("elsa-activity-wrapper[data-step]").EvaluateAllAsync<string[]>(Picture(".activity-icon > svg"));
        var others = await studio.Frame.Locator("elsa-activity-wrapper:not([data-step])").EvaluateAllAsync<string[]>("boxes => boxes.map(b => JSON.parse(b.getAttribute('activity-json')).type)");
        var steps = program.Read("rlhf-round.json")["root"]!["activities"]!.AsArray().Count(a => $"{a!["type"]}".StartsWith("Rlhf.", StringComparison.Ordinal));

        Assert.True(palette.Length > 15, $"{palette.Length} steps in the palette");
        Assert.Equal(steps, canvas.Length);
        Assert.All([.. palette, .. canvas], picture => Assert.StartsWith("url(\"data:image/svg+xml", picture, StringComparison.Ordinal));
        Assert.True(canvas.Distinct().Count() > 8, $"{canvas.Distinct().Count()} pictures");
        Assert.All(others, type => Assert.StartsWith("Elsa.", type, StringComparison.Ordinal));
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);

        static string Picture(string at) => $"elements => elements.map(e => getComputedStyle(e.querySelector('{at}')).maskImage)";
    }

    [Fact]
    public async Task A_finding_stands_above_the_editor_and_at_its_activity_as_soon_as_the_draft_is_saved_until_it_is_mended()
    {
        await using var program = await Program.StartAsync(folder => File.WriteAllText(Path.Combine(folder, "greeting.json"), SomeFlow.Of("greeting", SomeFlow.Line("hello"))));
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/greeting");
        // Nobody asks by the clock from now on: what comes, comes since something was saved.
        await studio.Page.EvaluateAsync("() => { window.setTimeout = () => 0; }");
        await studio.Page.WaitForTimeoutAsync(2500);
        var added = await studio.DragInAsync("Console", "Write Line", fromRight: 300, fromBottom: 300);
        await studio.Page.Locator("#standing").GetByText(added).First.WaitForAsync();
        var marked = studio.Frame.Locator("elsa-activity-wrapper[data-finding]");
        await marked.First.WaitForAsync();
        await studio.PictureAsync("studio-finding");
        var (marks, sentence) = (await marked.CountAsync(), await marked.First.GetAttributeAsync("title"));
        var line = (await studio.Nodes.EvaluateAllAsync<string[]>("nodes => nodes.map(n => n.dataset.cellId)")).Single(id => id != added);
        await studio.ConnectAsync(line, "Done", added);
        // Its text is still missing.
        await studio.Frame.Locator("elsa-activity-wrapper[data-finding]:not([title*='nothing leads here'])").First.WaitForAsync();

        Assert.Equal(1, marks);
        Assert.Contains("nothing leads here", sentence, StringComparison.Ordinal);
        Assert.Contains("draft, not published", await studio.Page.Locator("#standing").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(studio.Errors);
    }

    [Fact]
    public async Task A_live_round_is_watched_to_its_end_and_what_its_steps_made_is_a_click_away()
    {
        await using var program = await Program.StartAsync();
        await using var person = await PersonAsync(program);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/instances", isEmpty: true);
        var instance = await studio.DispatchAsync("rlhf-round", new() { ["preset"] = await studio.PresetAsync("tiny") });
        await studio.OpenAsync($"/studio/instances/{instance}");
        var seen = new HashSet<string>();
        var standing = studio.Page.Locator("#standing");
        for (var looks = 0; looks < 1800 && await standing.GetByText("finished", new() { Exact = true }).CountAsync() == 0; looks++, await Task.Delay(100))
        {
            foreach (var bar in await standing.Locator("progress").EvaluateAllAsync<string[]>("bars => bars.map(b => b.ariaLabel)")) seen.Add(bar);
            if (seen.Count == 2) await studio.PictureAsync("studio-live");
        }
        await studio.Frame.GetByText("Finished", new() { Exact = true }).First.WaitForAsync();
        await standing.Locator("summary").ClickAsync();
        await studio.PictureAsync("studio-round");
        var steps = await standing.Locator("#steps tbody tr").AllInnerTextsAsync();
        await standing.Locator("#steps a[href^='/artifacts/policy/']").First.ClickAsync();
        await studio.Page.GetByRole(AriaRole.Heading, new() { Name = "Made by" }).WaitForAsync();
        await studio.PictureAsync("artifact");
        var files = await studio.Page.Locator("table").First.InnerTextAsync();
        await studio.Page.GetByRole(AriaRole.Link, new() { Name = $"instance {instance}" }).First.ClickAsync();
        await studio.Page.WaitForURLAsync($"**/studio/instances/{instance}");

        Assert.True(seen.Count >= 2, $"seen at work: {string.Join(", ", seen)}");
        Assert.Contains(steps, s => s.StartsWith("train-policy", StringComparison.Ordinal) && s.Contains("policy/", StringComparison.Ordinal));
        Assert.Contains("model.safetensors", files, StringComparison.Ordinal);
        Assert.Empty(studio.Errors);
        Assert.Empty(studio.Foreign);
    }

    static IEnumerable<string> Ids(JsonNode definition) => definition["root"]!["activities"]!.AsArray().Select(a => $"{a!["type"]} {a["id"]}");

    Task<IBrowserContext> PersonAsync(Program program) => chromium.PersonAsync(program.Address, new() { ViewportSize = new() { Width = 1600, Height = 1000 } });
}
