using Microsoft.Playwright;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Tests.Browser;

/// <summary>The pages for all eyes, and for none: axe in light and dark, narrow and wide. <c>RLHF_SCREENSHOTS=folder</c> keeps pictures.</summary>
public sealed class LooksTests(Chromium chromium) : IClassFixture<Chromium>
{
    const string Code = "Here is a function:\n\n    def f(x):\n        if x < 1 and x > 0:\n            return \"<script>alert(1)</script>\"\n        return x\n\n<b>Not bold.</b>";

    static readonly string Long = string.Join(' ', Enumerable.Range(1, 1700).Select(i => $"w{i}ord"));

    static Task AskAsync(Place place) => place.Runtime.Desk.PutAsync(
        new("looks", [
            new("code", [new("system", "You are a careful assistant."), new("user", "Write a function that clamps x."), new("assistant", "Which bounds?"), new("user", "0 and 1.")], Code, "def clamp(x): return min(max(x, 0), 1)", "preference"),
            new("arabic", Turn.User("اكتب جملة عن البحر، من فضلك."), "البحر أزرق وواسع، وفيه سمك كثير (50 نوعا).", "The sea is blue. البحر.", "preference"),
            new("long", Turn.User(Long), Long, Long.Replace("w77ord", "other", StringComparison.Ordinal), "preference"),
        ], 1, 1, []), default);

    [Theory]
    [InlineData("light", 1360, 900)]
    [InlineData("dark", 1360, 900)]
    [InlineData("light", 390, 844)]
    [InlineData("dark", 390, 844)]
    public async Task Axe_finds_nothing_wrong_and_texts_are_shown_as_they_are(string scheme, int width, int height)
    {
        await using var place = await Place.OpenAsync();
        await AskAsync(place);
        await using var person = await chromium.PersonAsync(place, new()
        {
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce,
        });
        var page = await person.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error") errors.Add(message.Text); };
        page.PageError += (_, error) => errors.Add(error);
        var picture = $"{scheme}-{width}";

        await page.GotoAsync("/label");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Please read the guidelines first" }).WaitForAsync();
        await LooksWellAsync(page, $"{picture}-guidelines");
        await page.GetByRole(AriaRole.Button, new() { Name = "I have read these guidelines" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Example 1 of 3" }).WaitForAsync();
        await LooksWellAsync(page, $"{picture}-example");
        await Examples.AnswerAsync(page, place, right: false);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Not yet" }).WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window");
        await LooksWellAsync(page, $"{picture}-not-yet");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Examples.AnswerAsync(page, place, right: true);
        await page.Locator("#prompt .words", new() { HasTextString = "0 and 1." }).WaitForAsync();
        var (a, b) = (await page.Locator("#a").TextContentAsync(), await page.Locator("#b").TextContentAsync());
        Assert.Contains(Code, new[] { a, b });
        await LooksWellAsync(page, $"{picture}-code");
        await page.Keyboard.PressAsync("d");
        Assert.NotEqual(0, await page.Locator("#a mark").CountAsync());
        Assert.Equal((a, b), (await page.Locator("#a").TextContentAsync(), await page.Locator("#b").TextContentAsync()));
        await page.Keyboard.PressAsync("c");
        await LooksWellAsync(page, $"{picture}-differences");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("f");
        await LooksWellAsync(page, $"{picture}-flag");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("3");
        await page.Locator("#prompt .words", new() { HasTextString = "البحر" }).WaitForAsync();
        Assert.Equal("rtl", await page.Locator("#prompt .words").EvaluateAsync<string>("e => getComputedStyle(e).direction"));
        await LooksWellAsync(page, $"{picture}-arabic");
        await page.Keyboard.PressAsync("3");
        await page.Locator("#prompt .words", new() { HasTextString = "w1700ord" }).WaitForAsync();
        Assert.True((await page.Locator("#a").TextContentAsync())!.Length > 10_000);
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window");
        Assert.True(await page.Locator("[data-choice=tie]").EvaluateAsync<bool>("e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; }"), "the scale is out of sight");
        await LooksWellAsync(page, $"{picture}-long");
        await page.Keyboard.PressAsync("4");
        await page.GetByRole(AriaRole.Heading, new() { Name = "No question waits for you" }).WaitForAsync();
        await LooksWellAsync(page, $"{picture}-done");
        await place.AskAsync("safe", questions: 1, axis: "safety");
        await page.ReloadAsync();
        await page.Locator("#safety:not([hidden])").WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window");
        await LooksWellAsync(page, $"{picture}-safety");
        await page.GotoAsync("/");
        await LooksWellAsync(page, $"{picture}-overview");
        await page.GotoAsync("/disputed");
        await LooksWellAsync(page, $"{picture}-nothing-disputed");
        await place.DisputeAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Decide what labelers do not agree on" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Question 1" }).WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window");
        await LooksWellAsync(page, $"{picture}-disputed");
        await page.GotoAsync("/sign-in");
        await LooksWellAsync(page, $"{picture}-sign-in");
        await page.GotoAsync($"/invitations/{await place.Runtime.Credentials.InviteAsync("ann", TimeSpan.FromHours(1), default)}");
        await LooksWellAsync(page, $"{picture}-invitation");

        Assert.Empty(errors);
    }

    [Fact]
    public async Task Everything_can_be_reached_and_done_by_tab_and_enter_alone_with_the_single_keys_off()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 2);
        await place.ReadGuidelinesAsync("olga");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");
        await page.Locator("#prompt .words", new() { HasTextString = "Prompt 1" }).WaitForAsync();

        await TabToAsync(page, "keys");
        await page.Keyboard.PressAsync("Space");
        await page.Keyboard.PressAsync("1");
        var stays = await page.Locator("#prompt .words").TextContentAsync();
        var seen = await TabToAsync(page, "tie");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#prompt .words", new() { HasTextString = "Prompt 2" }).WaitForAsync();

        Assert.Equal("Prompt 1", stays);
        Assert.Contains("prompt", seen);
        Assert.Contains("a", seen);
        Assert.Contains("b", seen);
    }

    /// <summary>Presses Tab until the element has the focus; returns what had it on the way.</summary>
    static async Task<IReadOnlyList<string>> TabToAsync(IPage page, string target)
    {
        var seen = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            seen.Add(await page.EvaluateAsync<string>("() => document.activeElement.dataset.choice ?? document.activeElement.id ?? ''"));
            if (seen[^1] == target) return seen;
        }
        Assert.Fail($"Tab does not reach '{target}': {string.Join(", ", seen)}");
        return seen;
    }

    static async Task LooksWellAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("RLHF_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
        var violations = await Chromium.ViolationsAsync(page);
        Assert.True(violations.Count == 0, $"{name}: {string.Join(Environment.NewLine, violations)}");
    }
}
