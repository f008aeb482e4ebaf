using Microsoft.Playwright;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Tests.Browser;

/// <summary>People label in a real browser, by keyboard, with and without connection.</summary>
public sealed class LabelingInTheBrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task A_person_labels_by_keyboard_goes_offline_the_server_restarts_and_nothing_is_lost_or_double()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 6);
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");

        await page.GetByRole(AriaRole.Heading, new() { Name = "Please read the guidelines first" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "I have read these guidelines" }).PressAsync("Enter");
        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("1");
        await ShowsAsync(page, "Prompt 2");
        await SavedAsync(page);
        await person.SetOfflineAsync(true);
        await page.Keyboard.PressAsync("4");
        await ShowsAsync(page, "Prompt 3");
        await page.Keyboard.PressAsync("0");
        await page.Locator("#connection", new() { HasTextString = "No connection; 2 answers wait in this browser." }).WaitForAsync();
        await place.StopAsync();
        await place.StartAsync();
        var durable = (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Count;
        await person.SetOfflineAsync(false);
        await SavedAsync(page);
        foreach (var i in new[] { 4, 5, 6 })
        {
            await ShowsAsync(page, $"Prompt {i}");
            await page.Keyboard.PressAsync("7");
        }
        await page.GetByRole(AriaRole.Heading, new() { Name = "No question waits for you" }).WaitForAsync();
        await SavedAsync(page);

        var (judgements, missing) = await place.Runtime.Desk.ProgressAsync("r", default);
        Assert.Equal(1, durable);
        Assert.Equal(0, missing);
        Assert.Equal(["q1", "q2", "q3", "q4", "q5", "q6"], judgements.Select(j => j.ComparisonId));
        Assert.Equal([3, 0, 0, 3, 3, 3], judgements.Select(j => j.Strength));
        Assert.Equal([false, false, true, false, false, false], judgements.Select(j => j.BothBad));
        // 1 says that what was shown first is much better, 7 the other.
        Assert.Equal(judgements[0].ShownFirst, judgements[0].Side);
        Assert.All(judgements.Skip(3), j => Assert.NotEqual(j.ShownFirst, j.Side));
        Assert.All(judgements, j => Assert.True(j is { Labeler: "olga", Kind: LabelerKind.Person, Seconds: >= 0, Guidelines.Length: 12 }));
        Assert.Empty(place.Log);
    }

    static Task ShowsAsync(IPage page, string prompt) => page.Locator("#prompt .words", new() { HasTextString = prompt }).WaitForAsync();

    static Task SavedAsync(IPage page) => page.Locator("#connection", new() { HasTextString = "All saved" }).WaitForAsync();
}
