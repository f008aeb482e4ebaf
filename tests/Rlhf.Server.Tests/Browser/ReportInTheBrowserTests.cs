using Microsoft.Playwright;
using Rlhf.Reports.Rounds;
using Rlhf.Reports.Tests.Support;
using Rlhf.Server.Tests.Rounds;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Browser;

/// <summary>A report as a file in a real browser that has no network, and a round's page that goes on by itself.</summary>
public sealed class ReportInTheBrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    const string Hostile = "</p><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">\0\u202e & long";

    [Theory]
    [InlineData(1360)]
    [InlineData(390)]
    public async Task The_file_opens_without_a_network_asks_for_nothing_and_gives_its_numbers(int width)
    {
        var file = Path.Combine(Path.GetTempPath(), $"rlhf-test-{Guid.NewGuid():N}.html");
        await File.WriteAllBytesAsync(file, RoundDocument.Write(SomeRound.Of(prompt: Hostile, completion: Hostile)));
        try
        {
            await using var person = await chromium.PersonAsync("http://127.0.0.1", new() { Offline = true, ViewportSize = new() { Width = width, Height = 900 }, AcceptDownloads = true });
            var page = await person.NewPageAsync();
            var (asked, errors) = (new List<string>(), new List<string>());
            page.Request += (_, request) => { if (!request.Url.StartsWith("data:", StringComparison.Ordinal)) asked.Add(request.Url); };
            page.Console += (_, message) => { if (message.Type is "error" or "warning") errors.Add(message.Text); };
            page.PageError += (_, error) => errors.Add(error);

            await page.GotoAsync($"file://{file}");
            var pictures = await page.EvaluateAsync<bool[]>("() => [...document.images].map(i => i.complete && i.naturalWidth > 0)");
            var fits = await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth");
            var shaded = await page.Locator(".k4").First.EvaluateAsync<string>("e => getComputedStyle(e).backgroundColor");
            var download = await page.RunAndWaitForDownloadAsync(() => page.Locator("a[download='overoptimization.csv']").ClickAsync());
            var violations = await Chromium.ViolationsAsync(page);

            Assert.Equal([$"file://{file}"], asked);
            Assert.Empty(errors);
            Assert.Equal("Round 1 of campaign aaaaaaaaaaaa", await page.TitleAsync());
            Assert.True(pictures.Length == 6 && pictures.All(p => p), string.Join(", ", pictures));
            Assert.True(fits, "it is wider than the window");
            Assert.NotEqual("rgba(0, 0, 0, 0)", shaded);
            Assert.StartsWith("series,policy,update_or_n,kl,", await File.ReadAllTextAsync(await download.PathAsync()), StringComparison.Ordinal);
            Assert.Empty(violations);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_rounds_page_draws_further_by_itself()
    {
        await using var place = await Place.OpenAsync();
        var (instance, _) = await RoundPagesTests.TrainedAsync(place, updates: 2);
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error") errors.Add(message.Text); };

        await page.GotoAsync($"/rounds/{instance}");
        await page.GetByRole(AriaRole.Heading, new() { Name = "PPO, to update 2" }).WaitForAsync();
        await RoundPagesTests.TrainedAsync(place, instance, updates: 5);
        await page.GetByRole(AriaRole.Heading, new() { Name = "PPO, to update 5" }).WaitForAsync();
        var drawn = await page.EvaluateAsync<bool>("() => [...document.images].every(i => i.complete && i.naturalWidth > 0 && i.src.endsWith('update=5'))");
        await RoundPagesTests.ReportAsync(place, instance);
        await page.GetByRole(AriaRole.Link, new() { Name = "The report of round 1" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Round 1 of campaign aaaaaaaaaaaa" }).WaitForAsync();

        Assert.True(drawn);
        Assert.Empty(errors);
    }
}
