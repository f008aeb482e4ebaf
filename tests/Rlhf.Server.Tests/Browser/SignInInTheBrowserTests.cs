using Microsoft.Playwright;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Browser;

/// <summary>People come in by an issuer of another site, with a real browser's rules for cookies.</summary>
public sealed class SignInInTheBrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task A_person_signs_in_with_an_issuer_of_another_site_labels_and_signs_out()
    {
        // Another site for the browser: localhost and not 127.0.0.1.
        await using var issuer = await StubIssuer.StartAsync(host: "localhost");
        issuer.HasForm = true;
        await using var place = await Place.OpenAsync(change: o => o with { OpenIdConnect = issuer.Options() });
        await place.AskAsync(questions: 2);
        await place.ReadGuidelinesAsync("ann");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error" && message.Location.StartsWith(place.Address, StringComparison.Ordinal)) errors.Add(message.Text); };

        await page.GotoAsync("/label");
        Assert.Empty(await Chromium.ViolationsAsync(page));
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with localhost" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "It is me" }).ClickAsync();
        await page.Locator("#prompt .words", new() { HasTextString = "Prompt 1" }).WaitForAsync();
        await page.Keyboard.PressAsync("1");
        await page.Locator("#prompt .words", new() { HasTextString = "Prompt 2" }).WaitForAsync();
        await page.Locator("#connection", new() { HasTextString = "All saved" }).WaitForAsync();

        Assert.Equal($"{place.Address}/label", page.Url);
        Assert.Equal("ann", Assert.Single((await place.Runtime.Desk.ProgressAsync("r", default)).Judgements).Labeler);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" }).WaitForAsync();
        await page.GotoAsync("/label");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" }).WaitForAsync();
        Assert.Empty(errors);
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task Who_has_no_role_is_told_so_on_a_page_without_faults()
    {
        await using var issuer = await StubIssuer.StartAsync(host: "localhost");
        issuer.Person["roles"] = "cooks";
        await using var place = await Place.OpenAsync(change: o => o with { OpenIdConnect = issuer.Options() });
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();

        await page.GotoAsync("/sign-in");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with localhost" }).ClickAsync();

        await page.GetByRole(AriaRole.Alert).GetByText("have no role here").WaitForAsync();
        Assert.Empty(await Chromium.ViolationsAsync(page));
        Assert.Empty(await person.CookiesAsync() is var cookies ? cookies.Where(c => c.Name == "rlhf-session") : []);
    }
}
