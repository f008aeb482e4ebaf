using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Rlhf.Server.Tests.Browser;

/// <summary>
/// Elsa Studio in a page of ours, as a person uses it. Its buttons have pictures and no names, so they are found by what is drawn on them.
/// </summary>
sealed class StudioDesk
{
    // A box and a quarter (zoom to fit), a cloud (publish), a triangle (run), a triangle down (menu).
    const string Fit = "M6,16h12V8", Cloud = "M19.35 10.04", Triangle = "M8 5v14l11-7z", Down = "M7 10l5 5 5-5z";

    readonly string _origin;

    public StudioDesk(IPage page, string origin)
    {
        (Page, _origin) = (page, origin);
        page.Console += (_, message) => { if (message.Type == "error") Errors.Add(message.Text); };
        page.PageError += (_, error) => Errors.Add(error);
        page.Request += (_, request) => { if (!IsOwn(request.Url)) Foreign.Add(request.Url); };
        page.WebSocket += (_, socket) => { if (!socket.Url.StartsWith(_origin.Replace("http", "ws", StringComparison.Ordinal), StringComparison.Ordinal)) Foreign.Add(socket.Url); };
    }

    public IPage Page { get; }

    /// <summary>The document in the frame.</summary>
    public IFrameLocator Frame => Page.FrameLocator("iframe");

    /// <summary>What the console called an error.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Addresses that were asked and are none of this server.</summary>
    public List<string> Foreign { get; } = [];

    public ILocator Nodes => Frame.Locator(".x6-node");

    public ILocator Edges => Frame.Locator(".x6-edge");

    /// <summary>Rows of a list, once it has them: until then there is one that says so.</summary>
    public ILocator Rows => Frame.Locator(".mud-table tbody tr:not(:has-text('Loading...'))");

    /// <param name="isEmpty">True where the list has nothing to show yet.</param>
    public async Task OpenAsync(string address, bool isEmpty = false)
    {
        await Page.GotoAsync(address);
        if (isEmpty) await Frame.Locator(".mud-table").First.WaitForAsync();
        else await (address.Contains("s/", StringComparison.Ordinal) && address.Count(c => c == '/') > 2 ? Nodes : Rows).First.WaitForAsync();
    }

    /// <summary>Waits until a workflow is drawn whole: nodes come one by one, and their connections after them.</summary>
    public async Task DrawnAsync(int activities, int connections)
    {
        await Assertions.Expect(Nodes).ToHaveCountAsync(activities, new() { Timeout = 60_000 });
        await Assertions.Expect(Edges).ToHaveCountAsync(connections, new() { Timeout = 60_000 });
    }

    public Task ZoomToFitAsync() => Button(Fit).ClickAsync();

    /// <summary>Opens a group of the palette and drags one of its activities to a place of the canvas; returns the new activity's id.</summary>
    public async Task<string> DragInAsync(string group, string activity, float fromRight, float fromBottom)
    {
        var before = await IdsAsync();
        await Frame.GetByText(group, new() { Exact = true }).First.ClickAsync();
        var canvas = Frame.Locator(".x6-graph").First;
        var box = (await canvas.BoundingBoxAsync())!;
        var item = Frame.Locator("[draggable=true]").Filter(new() { HasText = activity }).First;
        await item.WaitForAsync();
        await item.DragToAsync(canvas, new() { TargetPosition = new() { X = box.Width - fromRight, Y = box.Height - fromBottom } });
        await Nodes.Nth(before.Count).WaitForAsync();
        // What was dropped is selected, and covered by its handles.
        await Page.Mouse.ClickAsync(box.X + 60, box.Y + 60);
        await Frame.Locator(".x6-widget-selection-box").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        return (await IdsAsync()).Except(before).Single();
    }

    /// <summary>Draws a connection from the outcome of one activity to another activity.</summary>
    public async Task ConnectAsync(string source, string outcome, string target)
    {
        var before = await Edges.CountAsync();
        var to = await CenterAsync(Node(target).Locator(".x6-port-in circle").First);
        var from = await CenterAsync(Node(source).Locator($".x6-port-out [port='{outcome}'] circle").First);
        // Left of the port's middle, where a connection that begins there does not lie over it.
        await Page.Mouse.MoveAsync(from.X - 4, from.Y);
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync(from.X + 20, from.Y + 20, new() { Steps = 3 });
        await Page.Mouse.MoveAsync(to.X, to.Y, new() { Steps = 10 });
        await Page.Mouse.UpAsync();
        await Edges.Nth(before).WaitForAsync(new() { State = WaitForSelectorState.Attached });
    }

    /// <summary>Selects an activity and writes one of its inputs, known by its description.</summary>
    public async Task SetAsync(string activity, string description, string value)
    {
        await Node(activity).ClickAsync(new() { Position = new() { X = 40, Y = 12 } });
        var input = Frame.Locator(".mud-input-control").Filter(new() { Has = Frame.GetByText(description, new() { Exact = true }) }).Locator("input, textarea").First;
        await input.FillAsync(value);
        await SavedAsync(() => input.PressAsync("Tab"));
    }

    /// <summary>Does what makes Studio save, and waits until the server has it.</summary>
    public Task SavedAsync(Func<Task> act) => Page.RunAndWaitForResponseAsync(act, r => r.Request.Method == "POST" && r.Url.EndsWith("/elsa/api/workflow-definitions", StringComparison.Ordinal) && r.Ok);

    public async Task PublishAsync()
    {
        await SavedAsync(() => Button(Cloud).ClickAsync());
        await Frame.GetByText("Workflow published").WaitForAsync();
    }

    /// <summary>Runs what is in the editor; returns the instance that the page leads to.</summary>
    public async Task<string> RunAsync()
    {
        await Button(Triangle).ClickAsync();
        await Page.WaitForURLAsync("**/studio/instances/*");
        await Nodes.First.WaitForAsync();
        return Page.Url.Split('/')[^1];
    }

    /// <summary>Waits until an activity is on the part of the canvas that one sees, the whole of it.</summary>
    public async Task ShowsAsync(string activity)
    {
        var canvas = (await Frame.Locator(".x6-graph").First.BoundingBoxAsync())!;
        for (var looks = 0; ; looks++, await Task.Delay(100))
        {
            var box = (await Node(activity).BoundingBoxAsync())!;
            if (box.X >= canvas.X && box.Y >= canvas.Y && box.X + box.Width <= canvas.X + canvas.Width && box.Y + box.Height <= canvas.Y + canvas.Height) return;
            if (looks == 100) throw new InvalidOperationException($"'{activity}' is at {box.X}, {box.Y}; the canvas shows {canvas.Width} by {canvas.Height} from {canvas.X}, {canvas.Y}.");
        }
    }

    /// <summary>Chooses from the menu beside publishing.</summary>
    public async Task ChooseAsync(string item)
    {
        await Button(Down).ClickAsync();
        await Frame.Locator(".mud-popover-open").GetByText(item, new() { Exact = true }).ClickAsync();
    }

    /// <summary>Makes a copy of a definition in the list.</summary>
    public async Task DuplicateAsync(string definition, string name)
    {
        await Rows.Filter(new() { HasText = definition }).First.Locator("button").Last.ClickAsync();
        await Frame.Locator(".mud-popover-open").GetByText("Duplicate", new() { Exact = true }).ClickAsync();
        await SavedAsync(() => NameAsync(name));
    }

    /// <summary>Makes a copy of what is in the editor.</summary>
    public async Task SaveAsAsync(string name)
    {
        await ChooseAsync("Save As");
        await SavedAsync(() => NameAsync(name));
    }

    async Task NameAsync(string name)
    {
        await Frame.Locator(".mud-dialog input").First.FillAsync(name);
        await Frame.Locator(".mud-dialog button").Last.ClickAsync();
    }

    /// <summary>Gives a file to the editor.</summary>
    public async Task ImportAsync(string file)
    {
        var chooser = await Page.RunAndWaitForFileChooserAsync(() => ChooseAsync("Import"));
        await chooser.SetFilesAsync(file);
        await Frame.GetByText("Successfully imported 1 workflow definition.").Last.WaitForAsync();
    }

    /// <summary>Starts a workflow with inputs, as Studio's document may ask for it; returns the instance.</summary>
    public async Task<string> DispatchAsync(string definition, JsonObject inputs) =>
        $"{(await AskAsync($"workflow-definitions/{definition}/dispatch", new() { ["input"] = inputs }))["workflowInstanceId"]}";

    /// <summary>The preset of a name, as the drop-downs of the steps offer it.</summary>
    public async Task<string> PresetAsync(string name)
    {
        var options = await AskAsync("descriptors/activities/Rlhf.TrainPolicy/options/Preset", []);
        return $"{options["items"]!["dropdown"]!["selectList"]!["items"]!.AsArray().Single(i => $"{i!["text"]}" == name)!["value"]}";
    }

    async Task<JsonNode> AskAsync(string path, JsonObject body)
    {
        var token = await Frame.Locator("body[data-token]").GetAttributeAsync("data-token");
        var answer = await Page.APIRequest.PostAsync($"/elsa/api/{path}", new() { Data = body.ToJsonString(), Headers = [new("Authorization", $"Bearer {token}"), new("Content-Type", "application/json")] });
        return answer.Ok ? JsonNode.Parse(await answer.TextAsync())! : throw new InvalidOperationException($"{path}: {answer.Status} {await answer.TextAsync()}");
    }

    /// <summary>Chooses from the menu of a row of the list of instances, and says yes to what it asks.</summary>
    public async Task DoAsync(string instance, string item)
    {
        await Rows.Filter(new() { HasText = instance }).Locator("button").Last.ClickAsync();
        await Frame.Locator(".mud-popover-open").GetByText(item, new() { Exact = true }).ClickAsync();
        await YesAsync();
    }

    /// <summary>Cancels what the list of instances shows, by ticking the first row and choosing "Apply to all matches".</summary>
    public async Task CancelAllAsync()
    {
        await Rows.First.Locator("input[type=checkbox]").ClickAsync();
        await Frame.GetByText("Bulk actions").First.ClickAsync();
        await Frame.Locator(".mud-popover-open").GetByText("Cancel").First.ClickAsync();
        await Frame.Locator(".mud-dialog").GetByText("Apply to all matches").ClickAsync();
        await YesAsync();
    }

    Task YesAsync() => Frame.Locator(".mud-dialog button").GetByText("Yes").ClickAsync();

    /// <summary>Keeps a picture where <c>RLHF_SCREENSHOTS</c> says.</summary>
    public async Task PictureAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("RLHF_SCREENSHOTS") is { Length: > 0 } folder)
            await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    ILocator Node(string id) => Frame.Locator($".x6-node[data-cell-id='{id}']");

    ILocator Button(string drawn) => Frame.Locator($"button.mud-icon-button:visible:has(path[d^='{drawn}'])").First;

    async Task<IReadOnlyList<string>> IdsAsync() => await Nodes.EvaluateAllAsync<string[]>("nodes => nodes.map(n => n.dataset.cellId)");

    /// <summary>Where the middle of something is once it stands still: a canvas that was opened or zoomed may still be on its way.</summary>
    static async Task<(float X, float Y)> CenterAsync(ILocator what)
    {
        var box = (await what.BoundingBoxAsync())!;
        while (true)
        {
            await Task.Delay(150);
            var now = (await what.BoundingBoxAsync())!;
            if ((now.X, now.Y, now.Width) == (box.X, box.Y, box.Width)) return (box.X + box.Width / 2, box.Y + box.Height / 2);
            box = now;
        }
    }

    // Monaco's workers are blobs of the page's own.
    bool IsOwn(string url) => url.StartsWith(_origin + "/", StringComparison.Ordinal) || url.StartsWith($"blob:{_origin}/", StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal);
}
