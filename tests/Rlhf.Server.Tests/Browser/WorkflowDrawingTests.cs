using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Rlhf.Server.Tests.Support;
using Program = Rlhf.Server.Tests.Support.Program;

namespace Rlhf.Server.Tests.Browser;

/// <summary>
/// Every file of <c>workflows/</c> in Elsa Studio's editor. <c>RLHF_SCREENSHOTS=folder</c> keeps the pictures of <c>workflows/README.md</c>: strips of six columns, one
/// below the other. Studio finds a line's way itself, and gives up on a long one that climbs far: it then draws it straight through what is there.
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
            await studio.DrawnAsync(root["activities"]!.AsArray().Count, root["connections"]!.AsArray().Count);
            await studio.ZoomToFitAsync();

            if (folder is not null) await StripsAsync(studio, await person.NewPageAsync(), root["activities"]!.AsArray(), Path.Combine(folder, $"workflow-{name}.png"));

            Assert.Equal(text, await File.ReadAllTextAsync(file));
            Assert.Empty((await HiddenLinesAsync(studio)).Select(l => $"{name}: {l}"));
            Assert.Empty(studio.Errors);
            Assert.Empty(studio.Foreign);
        }
    }

    [Fact]
    public async Task A_line_behind_an_activity_is_found()
    {
        await using var program = await Program.StartAsync(folder =>
        {
            File.WriteAllText(Path.Combine(folder, "covered.json"), Drawn(SomeFlow.Of("covered", SomeFlow.Line("first"), SomeFlow.Line("over-it"), SomeFlow.Line("last")), (0, 0), (120, 20), (900, 0)));
            File.WriteAllText(Path.Combine(folder, "climbing.json"), Climbing("climbing", activities: 16));
        });
        await using var person = await chromium.PersonAsync(program.Address);
        var studio = new StudioDesk(await person.NewPageAsync(), program.Address);

        await studio.OpenAsync("/studio/definitions/covered");
        await studio.ZoomToFitAsync();
        var covered = await HiddenLinesAsync(studio);
        await studio.OpenAsync("/studio/definitions/climbing");
        await studio.ZoomToFitAsync();
        var climbing = await HiddenLinesAsync(studio);

        Assert.Contains(covered, l => l.StartsWith("a line behind over-it, at ", StringComparison.Ordinal));
        Assert.DoesNotContain(covered, l => l.StartsWith("a line behind last", StringComparison.Ordinal));
        Assert.Contains(climbing, l => l.StartsWith("a line behind step-", StringComparison.Ordinal));
    }

    /// <summary>Activities down a staircase, and a line from the last one back to the first.</summary>
    static string Climbing(string id, int activities)
    {
        var flow = JsonNode.Parse(SomeFlow.Of(id, [.. Enumerable.Range(0, activities).Select(i => SomeFlow.Line($"step-{i}"))]))!.AsObject();
        flow["root"]!["connections"]!.AsArray().Add(new JsonObject
        {
            ["source"] = new JsonObject { ["activity"] = $"step-{activities - 1}", ["port"] = "Done" },
            ["target"] = new JsonObject { ["activity"] = "step-0", ["port"] = "In" },
        });
        return Drawn(flow.ToJsonString(), [.. Enumerable.Range(0, activities).Select(i => (300 * i, 120 * i))]);
    }

    static string Drawn(string workflow, params (int X, int Y)[] places)
    {
        var flow = JsonNode.Parse(workflow)!;
        foreach (var (activity, (x, y)) in flow["root"]!["activities"]!.AsArray().Zip(places)) activity!["metadata"]!["designer"]!["position"] = new JsonObject { ["x"] = x, ["y"] = y };
        return flow.ToJsonString();
    }

    /// <summary>Lines that run behind an activity, as drawn: looked at every few points of their way, and not at an activity's rim, where they begin and end.</summary>
    static Task<string[]> HiddenLinesAsync(StudioDesk studio) => studio.Frame.Locator(".x6-graph").First.EvaluateAsync<string[]>(
        """
        graph => {
          const boxes = [...graph.querySelectorAll(".x6-node")].map(node => [node.dataset.cellId, node.querySelector("foreignObject").getBoundingClientRect()]);
          const hidden = new Set();
          for (const edge of graph.querySelectorAll(".x6-edge")) {
            const path = edge.querySelector("path:last-of-type"), onScreen = path.getScreenCTM(), rim = 4 * onScreen.a;
            for (let at = 0; at < path.getTotalLength(); at += 3) {
              const point = path.getPointAtLength(at).matrixTransform(onScreen);
              for (const [id, box] of boxes)
                if (point.x > box.left + rim && point.x < box.right - rim && point.y > box.top + rim && point.y < box.bottom - rim) hidden.add(`a line behind ${id}, at ${at}`);
            }
          }
          if (boxes.length === 0) hidden.add("no activity is drawn");
          return [...hidden];
        }
        """);

    static async Task StripsAsync(StudioDesk studio, IPage sheet, JsonArray activities, string file)
    {
        const float Strip = 6 * 340, Margin = 30, Shown = 0.7f;
        var drawn = activities.Select(a => (float)a!["metadata"]!["designer"]!["position"]!["x"]!).ToList();
        // The canvas moves to its place.
        await Task.Delay(500, TestContext.Current.CancellationToken);
        var boxes = new List<LocatorBoundingBoxResult>();
        foreach (var node in await studio.Nodes.AllAsync()) boxes.Add((await node.BoundingBoxAsync())!);
        var lines = new List<LocatorBoundingBoxResult>();
        foreach (var edge in await studio.Edges.AllAsync()) lines.Add((await edge.BoundingBoxAsync())!);
        var left = boxes.Min(b => b.X);
        var scale = (boxes.Max(b => b.X) - left) / (drawn.Max() - drawn.Min());
        var strips = new List<string>();
        foreach (var strip in boxes.GroupBy(b => (int)((b.X - left) / scale / Strip + 0.01)).OrderBy(g => g.Key))
        {
            var begin = left + strip.Key * Strip * scale - Margin * scale;
            var width = Math.Min(Strip * scale, boxes.Max(b => b.X + b.Width) + Margin * scale - begin);
            var inIt = strip.Concat(lines.Where(l => l.X < begin + width && l.X + l.Width > begin)).ToList();
            var top = inIt.Min(b => b.Y) - Margin * scale;
            var clip = new Clip { X = begin, Y = top, Width = width, Height = inIt.Max(b => b.Y + b.Height) + Margin * scale - top };
            var picture = Convert.ToBase64String(await studio.Page.ScreenshotAsync(new() { Clip = clip }));
            strips.Add($"<img style='display:block;width:{clip.Width / scale * Shown:0}px' src='data:image/png;base64,{picture}'>");
        }
        await sheet.SetContentAsync($"<!DOCTYPE html><body style='margin:0;width:max-content;background:#fffdf8'>{string.Concat(strips)}</body>");
        await sheet.Locator("body").ScreenshotAsync(new() { Path = file });
        await sheet.CloseAsync();
    }
}
