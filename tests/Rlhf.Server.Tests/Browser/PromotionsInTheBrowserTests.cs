using Microsoft.Playwright;
using Rlhf.Pipeline.Tests.Promotions;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Tests.Browser;

/// <summary>An approver in a real browser: reads what the gate decided, and approves or rejects. <c>RLHF_SCREENSHOTS=folder</c> keeps pictures.</summary>
public sealed class PromotionsInTheBrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task An_approver_signs_in_reads_approves_and_what_waited_goes_on_by_itself()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 1));
        var (opal, ann) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("ann", Role.Approver));
        await place.Promotion.DecidedAsync(wins: 57);
        await place.Runtime.DriveAsync();
        var asked = await place.PromoteAsync(opal, comment: "<b>now</b>");
        var instance = $"{asked.Json["instance"]}";
        await place.PromotionAsync(opal, $"{asked.Json["link"]}", "Waiting");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();

        await SignInAsync(page, ann);
        await page.GetByRole(AriaRole.Link, new() { Name = "Promotions", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "policy/bbbbbbbb" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Waits for 1 approval" }).WaitForAsync();
        var comment = await page.GetByText("<b>now</b>").CountAsync();
        var figures = await page.Locator(".figures dd").AllInnerTextsAsync();
        var criteria = await page.Locator("section[aria-labelledby=criteria] tbody tr").AllInnerTextsAsync();
        await page.Locator("summary").First.ClickAsync();
        var sides = await page.Locator("details[open] .text").AllTextContentsAsync();
        await page.GetByLabel("Why (a rejection needs a reason)").FillAsync("I read it.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await page.GetByText("I read it.").WaitForAsync();
        await place.PromotionAsync(opal, $"{asked.Json["link"]}", "Promoted");
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Promoted as version 2" }).WaitForAsync();

        Assert.Equal(1, comment);
        Assert.Equal("0.95", figures[0]);
        Assert.Contains(criteria, c => c.Contains("holds", StringComparison.Ordinal));
        Assert.Equal([" first", " second"], sides.Order());
        Assert.Equal(WorkflowStatus.Finished, (await place.Runtime.FindAsync(instance))!.Status);
        Assert.Equal(SomePromotion.Challenger, (await place.Promotion.StandingAsync())!.Artifact);
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task A_rejection_without_a_reason_is_asked_for_one_and_older_evidence_counts_for_nothing()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 1));
        var (opal, ann) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("ann", Role.Approver));
        await place.Promotion.DecidedAsync();
        await place.Runtime.DriveAsync();
        var waiting = await place.PromotionAsync(opal, $"{(await place.PromoteAsync(opal)).Json["link"]}", "Waiting");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await SignInAsync(page, ann);

        await page.GotoAsync($"/promotions/{waiting["id"]}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Reject" }).ClickAsync();
        await page.GetByText("A rejection needs a reason; the comment is empty.").WaitForAsync();
        await page.Locator("input[name=evidence]").EvaluateAsync("e => e.value = 'evidence/' + '0'.repeat(64)");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await page.GetByText("an approval counts for the evidence it was given on").WaitForAsync();
        await page.GetByLabel("Why (a rejection needs a reason)").FillAsync("Not these prompts.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Reject" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Refused" }).WaitForAsync();
        await using var asker = await chromium.PersonAsync(place);
        var other = await asker.NewPageAsync();
        await SignInAsync(other, opal);
        await other.GotoAsync($"/promotions/{waiting["id"]}");

        Assert.Contains("ann rejected it", await other.Locator("section[aria-labelledby=state]").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await other.GetByRole(AriaRole.Button, new() { Name = "Approve" }).CountAsync());
        Assert.Equal(SomePromotion.Champion, (await place.Promotion.StandingAsync())!.Artifact);
    }

    [Theory]
    [InlineData("light", 1360, 900)]
    [InlineData("dark", 1360, 900)]
    [InlineData("light", 390, 844)]
    [InlineData("dark", 390, 844)]
    public async Task Axe_finds_nothing_wrong_with_promotions_and_decisions_on_any_screen(string scheme, int width, int height)
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 2));
        var (opal, ann, bob) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("ann", Role.Approver), await place.KeyAsync("bob", Role.Approver));
        var rejected = await place.Promotion.DecidedAsync(wins: 30, instance: "another", kind: LabelerKind.Simulated);
        await place.Promotion.DecidedAsync(wins: 55);
        await place.Runtime.DriveAsync();
        var waiting = await place.PromotionAsync(opal, $"{(await place.PromoteAsync(opal, comment: "After round 17.")).Json["link"]}", "Waiting");
        await place.SendAsync("POST", $"/api/promotions/{waiting["id"]}/approvals", bob, new System.Text.Json.Nodes.JsonObject { ["approves"] = true, ["evidence"] = $"{waiting["evidence"]}", ["comment"] = "Good stories." });
        await using var person = await chromium.PersonAsync(place, new()
        {
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce,
        });
        var page = await person.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error") errors.Add(message.Text); };
        await SignInAsync(page, ann);

        foreach (var (address, name) in new[] { ("/", "gate-overview"), ("/promotions", "promotions"), ($"/promotions/{waiting["id"]}", "promotion"), ($"/decisions/{rejected.Sha256}", "decision") })
        {
            await page.GotoAsync(address);
            foreach (var summary in await page.Locator("summary").AllAsync()) await summary.ClickAsync();
            Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{address} is wider than the window");
            if (Environment.GetEnvironmentVariable("RLHF_SCREENSHOTS") is { Length: > 0 } folder)
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{scheme}-{width}-{name}.png"), FullPage = true });
            var violations = await Chromium.ViolationsAsync(page);
            Assert.True(violations.Count == 0, $"{address}: {string.Join(Environment.NewLine, violations)}");
        }
        Assert.Contains("simulated", await page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(errors);
    }

    static async Task SignInAsync(IPage page, string key)
    {
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("Your key").FillAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Overview" }).WaitForAsync();
    }
}
