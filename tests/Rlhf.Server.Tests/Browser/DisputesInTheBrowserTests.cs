using Microsoft.Playwright;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Tests.Browser;

/// <summary>An operator decides in a real browser what labelers do not agree on.</summary>
public sealed class DisputesInTheBrowserTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task An_operator_sees_both_sides_and_what_was_said_and_the_decision_ends_the_question()
    {
        await using var place = await Place.OpenAsync();
        await place.DisputeAsync();
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Decide what labelers do not agree on" }).ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "Question 1" }).WaitForAsync();
        var texts = await page.Locator(".dispute .text").AllTextContentsAsync();
        var rows = await page.Locator(".dispute tbody tr").AllInnerTextsAsync();
        await page.GetByLabel("Why (optional)").FillAsync("y is right");
        await page.GetByRole(AriaRole.Button, new() { Name = "B better", Exact = true }).ClickAsync();
        await page.GetByText("No question waits for a decision.").WaitForAsync();
        var (judgements, missing) = await place.Runtime.Desk.ProgressAsync("disputed", default);

        Assert.Equal(["x says <script>alert(1)</script>", "y says البحر"], texts);
        Assert.Equal(["ann\tA much better\tann & co", "bob\tB slightly better\tbob & co"], rows);
        Assert.Equal(0, missing);
        Assert.Equal(("olga", Side.B, 2, true), judgements.Where(j => j.Adjudicated).Select(j => (j.Labeler, j.Side, j.Strength, j.Adjudicated)).Single());
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task Who_labeled_it_cannot_decide_it_and_is_told_so_and_who_is_late_is_told_so_too()
    {
        await using var place = await Place.OpenAsync();
        var item = await place.DisputeAsync();
        var (bob, pia) = (await place.KeyAsync("bob", Role.Operator), await place.KeyAsync("pia", Role.Operator));

        var own = await place.PostAsync("decisions", bob, new System.Text.Json.Nodes.JsonObject { ["item"] = item, ["choice"] = "b" });
        var odd = await place.PostAsync("decisions", pia, new System.Text.Json.Nodes.JsonObject { ["item"] = item, ["choice"] = "c" });
        var first = await place.PostAsync("decisions", pia, new System.Text.Json.Nodes.JsonObject { ["item"] = item, ["choice"] = "tie" });
        var again = await place.PostAsync("decisions", pia, new System.Text.Json.Nodes.JsonObject { ["item"] = item, ["choice"] = "tie" });
        var other = await place.PostAsync("decisions", pia, new System.Text.Json.Nodes.JsonObject { ["item"] = item, ["choice"] = "a" });

        Assert.Equal((System.Net.HttpStatusCode.BadRequest, "bob is one of those who judged this question; expected somebody else to decide it."), (own.Status, own.Error));
        Assert.Equal("'choice' is 'c'; expected a_much, a, a_slight, tie, b_slight, b, b_much, both_bad.", odd.Error);
        Assert.Equal((System.Net.HttpStatusCode.OK, System.Net.HttpStatusCode.OK), (first.Status, again.Status));
        Assert.Equal((System.Net.HttpStatusCode.Conflict, "pia has decided this question already (tie)."), (other.Status, other.Error));
    }
}
