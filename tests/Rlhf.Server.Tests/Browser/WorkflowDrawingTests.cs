using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Rlhf.Server.Tests.Support;
using Program = Rlhf.Server.Tests.Support.Program;

namespace Rlhf.Server.Tests.Browser;

/// <summary>
/// Every file of <c>workflows/</c> in Elsa Studio's editor. <c>RLHF_SCREENSHOTS=folder</c> keeps the pictures of <c>workflows/README.md</c>: strips of six columns, one
/// below the other.
/// </summary>
public sealed class WorkflowDrawingTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Every_workflow_file_is_drawn_whole_and_opening_it_changes_nothing()
    {
        await using var program = await Program.StartAsync();
        await using var person = await chromium.PersonAsync(program.Address);
        var page = await person.NewPageAsync();
        var folder = Environment.GetEnvironmentVariable("RLHF_SCREENSHOTS");
        // So wide that the longest one fits without being made small.
        if (folder is not null) await page.SetViewportSizeAsync(12_000, 1_400);
        foreach (var file in Directory.GetFiles(program.Workflows, "*.json").Order(StringComparer.Ordinal))
        {
            var (name, text) = (Path.GetFileNameWithoutExtension(file), await File.ReadAllTextAsync(file));
            var root = JsonNode.Parse(text)!["root"]!;
            var studio = new StudioDesk(page, program.Address);

            await studio.OpenAsync($"/studio/definitions/{name}");
            await studio.ZoomToFitAsync();

            if (folder is not null) await StripsAsync(studio, await person.NewPageAsync(), root["activities"]!.AsArray(), Path.Combine(folder, $"workflow-{name}.png"));

            Assert.Equal((name, root["activities"]!.AsArray().Count, root["connections"]!.AsArray().Count), (name, await studio.Nodes.CountAsync(), await studio.Edges.CountAsync()));
            Assert.Equal(text, await File.ReadAllTextAsync(file));
            Assert.Empty(studio.Errors);
            Assert.Empty(studio.Foreign);
        }
    }

    static async Task StripsAsync(StudioDesk studio, IPage sheet, JsonArray activities, string file)
    {
        const float Strip = 6 * 340, Margin = 30;
        var drawn = activities.Select(a => (float)a!["metadata"]!["designer"]!["position"]!["x"]!).ToList();
        // The canvas moves to its place.
        await Task.Delay(500, TestContext.Current.CancellationToken);
        var boxes = new List<LocatorBoundingBoxResult>();
        foreach (var node in await studio.Nodes.AllAsync()) boxes.Add((await node.BoundingBoxAsync())!);
        var left = boxes.Min(b => b.X);
        var scale = (boxes.Max(b => b.X) - left) / (drawn.Max() - drawn.Min());
        var strips = new List<string>();
        foreach (var strip in boxes.GroupBy(b => (int)((b.X - left) / scale / Strip + 0.01)).OrderBy(g => g.Key))
        {
            var (begin, top) = (left + strip.Key * Strip * scale - Margin * scale, strip.Min(b => b.Y) - Margin);
            var clip = new Clip { X = begin, Y = top, Width = Math.Min(Strip * scale, boxes.Max(b => b.X + b.Width) + Margin - begin), Height = strip.Max(b => b.Y + b.Height) + Margin - top };
            strips.Add(Convert.ToBase64String(await studio.Page.ScreenshotAsync(new() { Clip = clip })));
        }
        await sheet.SetContentAsync($"<body style='margin:0;width:max-content;background:#fffdf8'>{string.Concat(strips.Select(s => $"<img style='display:block' src='data:image/png;base64,{s}'>"))}</body>");
        await sheet.Locator("body").ScreenshotAsync(new() { Path = file });
        await sheet.CloseAsync();
    }
}
