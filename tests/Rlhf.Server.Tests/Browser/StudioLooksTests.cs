using Microsoft.Playwright;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Studio;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Browser;

/// <summary>The pages around Elsa Studio, in light and dark, wide and narrow; with Studio there and without it. <c>RLHF_SCREENSHOTS=folder</c> keeps pictures.</summary>
public sealed class StudioLooksTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Theory]
    [InlineData("light", 1360, 900)]
    [InlineData("dark", 1360, 900)]
    [InlineData("light", 390, 844)]
    [InlineData("dark", 390, 844)]
    public async Task Axe_finds_nothing_wrong_with_the_page_that_says_what_is_missing(string scheme, int width, int height)
    {
        await using var place = await Place.OpenAsync(change: o => o with { StudioFolder = Path.Combine(Path.GetTempPath(), "rlhf-nothing-is-here") });
        await using var person = await PersonAsync(place, scheme, width, height);
        var page = await person.NewPageAsync();

        await page.GotoAsync("/studio/definitions");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Elsa Studio is missing" }).WaitForAsync();

        await LooksWellAsync(page, $"{scheme}-{width}-studio-missing");
    }

    [Theory]
    [InlineData("light", 1360, 900)]
    [InlineData("dark", 1360, 900)]
    [InlineData("light", 390, 844)]
    [InlineData("dark", 390, 844)]
    public async Task Axe_finds_nothing_wrong_with_what_stands_around_Studio(string scheme, int width, int height)
    {
        await using var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
        await StudioPagesTests.AddAsync(place, "broken", SomeFlow.Failure());
        await place.Runtime.DriveAsync();
        var instance = await StudioPagesTests.StartAsync(place, "broken");
        await place.Runtime.RunAsync(instance);
        await File.WriteAllTextAsync(Path.Combine(place.Workflows, "asks.json"), SomeFlow.WithCheckpoint("asks"));
        await place.Runtime.Library.LookAsync();
        var asks = await place.StartAsync("asks");
        await place.UntilAsync(asks, s => s == WorkflowStatus.Suspended);
        var artifact = await new ArtifactStore(place.Runtime.Objects).PutAsync("report", new Dictionary<string, byte[]> { ["report.json"] = """{"rounds":[1,2]}"""u8.ToArray(), ["notes.md"] = "# Notes"u8.ToArray() }, default);
        await new StepRecords(place.Runtime.Objects).CommitAsync(
            new("key", "ReportRound", 1, "1.0", instance, "report-round", new() { ["decision"] = $"decision/{new string('d', 64)}" }, [], new() { ["report"] = $"{artifact}" }, "Done", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1, 1, null), default);
        await using var person = await PersonAsync(place, scheme, width, height);
        var page = await person.NewPageAsync();

        foreach (var (address, name) in new[] { ("/studio/definitions", "definitions"), ("/studio/definitions/broken", "definition"), ("/studio/instances", "instances"), ($"/studio/instances/{instance}", "instance"), ($"/studio/instances/{asks}", "checkpoint"), ($"/artifacts/{artifact}", "artifact"), ("/studio/instances/none", "nothing") })
        {
            await page.GotoAsync(address, new() { WaitUntil = WaitUntilState.DOMContentLoaded });
            await page.Locator("iframe, main p").First.WaitForAsync();
            await LooksWellAsync(page, $"{scheme}-{width}-studio-{name}");
        }
    }

    Task<IBrowserContext> PersonAsync(Place place, string scheme, int width, int height) => chromium.PersonAsync(place, new()
    {
        ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
        ViewportSize = new() { Width = width, Height = height },
        ReducedMotion = ReducedMotion.Reduce,
    });

    static async Task LooksWellAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("RLHF_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{name} is wider than the window");
        var violations = await Chromium.ViolationsAsync(page);
        Assert.True(violations.Count == 0, $"{name}: {string.Join(Environment.NewLine, violations)}");
    }
}
