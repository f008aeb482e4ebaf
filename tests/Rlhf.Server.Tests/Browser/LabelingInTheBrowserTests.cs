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
        await Examples.AnswerAsync(page, place, right: true);
        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("1");
        await ShowsAsync(page, "Prompt 2");
        await SavedAsync(page);
        await GoOfflineAsync(person, page);
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

    [Fact]
    public async Task An_answer_that_is_lost_on_the_way_while_another_request_comes_through_is_sent_again()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 4);
        await place.ReadGuidelinesAsync("olga");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");
        await ShowsAsync(page, "Prompt 1");
        await SavedAsync(page);
        TaskCompletionSource<IRoute> asking = new(), lost = new();
        await page.RouteAsync("**/api/labeling/assignments", route => asking.TrySetResult(route) ? Task.CompletedTask : route.ContinueAsync());
        await page.Keyboard.PressAsync("1");
        await asking.Task.WaitAsync(TestContext.Current.CancellationToken);
        await page.RouteAsync("**/api/labeling/answers", async route =>
        {
            await (lost.TrySetResult(route) ? route.AbortAsync() : route.ContinueAsync());
        });

        await page.Keyboard.PressAsync("4");
        await lost.Task.WaitAsync(TestContext.Current.CancellationToken);
        await page.Locator("#connection", new() { HasTextString = "No connection; 1 answer waits in this browser." }).WaitForAsync();
        await (await asking.Task).ContinueAsync();
        await SavedAsync(page);

        Assert.Equal([3, 0], (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Select(j => j.Strength));
    }

    [Fact]
    public async Task An_answer_is_taken_back_with_and_without_connection_and_given_anew()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 4);
        await place.ReadGuidelinesAsync("olga");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");

        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("1");
        await ShowsAsync(page, "Prompt 2");
        await SavedAsync(page);
        await page.Keyboard.PressAsync("u");
        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("4");
        await ShowsAsync(page, "Prompt 2");
        await SavedAsync(page);
        await GoOfflineAsync(person, page);
        await page.Keyboard.PressAsync("5");
        await ShowsAsync(page, "Prompt 3");
        await page.Keyboard.PressAsync("u");
        // The page may have tried to send it before it knew that there is no connection; then the server has to be asked.
        await person.SetOfflineAsync(false);
        await SavedAsync(page);
        await page.ReloadAsync();
        await page.Locator("#undo:not([disabled])").WaitForAsync();

        var judgements = (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements;
        Assert.Equal(("q1", 0), (judgements[0].ComparisonId, judgements[0].Strength));
        Assert.Equal(judgements.Count, judgements.Select(j => j.ComparisonId).Distinct().Count());
        var left = judgements.Count;
        await page.Keyboard.PressAsync("u");
        await page.Locator("#said", new() { HasTextString = "Taken back" }).WaitForAsync();
        Assert.Equal(left - 1, (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Count);
    }

    [Fact]
    public async Task Two_people_share_a_queue_and_join_by_invitation_and_by_key()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 8);
        var key = await place.Runtime.Credentials.CreateKeyAsync("bob", Rlhf.Runtime.Access.Role.Operator, null, null, default);
        var invitation = await place.Runtime.Credentials.InviteAsync("ann", TimeSpan.FromHours(1), default);
        foreach (var labeler in new[] { "ann", "bob" }) await place.ReadGuidelinesAsync(labeler);
        await using var first = await chromium.PersonAsync(place);
        await using var second = await chromium.PersonAsync(place);
        var (ann, bob) = (await first.NewPageAsync(), await second.NewPageAsync());

        await ann.GotoAsync($"/invitations/{invitation}");
        await ann.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();
        await bob.GotoAsync("/label");
        await bob.GetByLabel("Your key").FillAsync(key);
        await bob.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await bob.WaitForURLAsync("**/label");
        await Task.WhenAll(LabelAllAsync(ann, "2"), LabelAllAsync(bob, "6"));

        var (judgements, missing) = await place.Runtime.Desk.ProgressAsync("r", default);
        Assert.Equal((8, 0), (judgements.Count, missing));
        Assert.Equal(["ann", "bob"], judgements.Select(j => j.Labeler).Distinct().Order(StringComparer.Ordinal));
        Assert.All(judgements, j => Assert.Equal(j.Labeler == "ann", j.Side == j.ShownFirst));
        Assert.Equal(8, (await place.Runtime.Queue.SummaryAsync(default)).Labelers.Sum(l => l.Answered));
        await ann.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await ann.GetByRole(AriaRole.Heading, new() { Name = "Sign in" }).WaitForAsync();
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task Skips_and_flags_have_their_reasons_and_a_comment_goes_with_the_answer()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 2);
        await place.ReadGuidelinesAsync("olga");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");

        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("f");
        await page.GetByLabel("Which section?").SelectOptionAsync("When goals conflict");
        await page.GetByLabel("What is unclear? (optional)").FillAsync("Which one wins?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await page.Keyboard.PressAsync("s");
        await page.GetByLabel("Something else").CheckAsync();
        await page.Keyboard.PressAsync("Enter");
        await ShowsAsync(page, "Prompt 2");
        await page.Keyboard.PressAsync("c");
        await page.Keyboard.TypeAsync("7 is a number here");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("x");
        await SavedAsync(page);

        var summary = await place.Runtime.Queue.SummaryAsync(default);
        Assert.Equal([new("When goals conflict", 1)], summary.Flags);
        Assert.True(Assert.Single((await place.Runtime.Desk.ProgressAsync("r", default)).Judgements) is { ComparisonId: "q2", BothBad: true });
        Assert.Equal(1, summary.Open);
    }

    [Fact]
    public async Task Who_answers_the_examples_otherwise_than_the_guidelines_sees_why_and_tries_again_before_the_first_question()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 1);
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");
        await page.GetByRole(AriaRole.Button, new() { Name = "I have read these guidelines" }).PressAsync("Enter");
        var worked = page.GetByText("B is longer and livelier, and wrong twice.");

        await page.GetByRole(AriaRole.Heading, new() { Name = "Example 1 of 3" }).WaitForAsync();
        var beside = await worked.IsVisibleAsync();
        await page.Keyboard.PressAsync("4");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Example 2 of 3" }).WaitForAsync();
        await page.Keyboard.PressAsync("u");
        await GoOfflineAsync(person, page);
        await Examples.AnswerAsync(page, place, right: false);
        await page.Locator("#message", new() { HasTextString = "There is no connection; the examples go on when it is back." }).WaitForAsync();
        await place.StopAsync();
        await place.StartAsync();
        await person.SetOfflineAsync(false);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Not yet" }).WaitForAsync();
        var wrong = await page.Locator("#wrong section").CountAsync();
        var reason = await worked.First.IsVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).PressAsync("Enter");
        await Examples.AnswerAsync(page, place, right: true);
        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("2");
        await SavedAsync(page);
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "No question waits for you" }).WaitForAsync();

        Assert.Equal((false, 3, true), (beside, wrong, reason));
        var summary = await place.Runtime.Queue.SummaryAsync(default);
        Assert.Equal((2, true), (summary.Qualifications.Single().Tries, summary.Qualifications.Single().IsQualified));
        Assert.Single((await place.Runtime.Desk.ProgressAsync("r", default)).Judgements);
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Cell, new() { Name = "preference: yes (2 tries)" }).WaitForAsync();
        await page.GetByText("Agreement under each version of the guidelines").WaitForAsync();
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task A_question_of_safety_is_answered_by_keyboard_and_not_before_both_sides_have_a_word()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 2, axis: "safety");
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");

        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("w");
        await page.Keyboard.PressAsync("6");
        await page.Locator("#message", new() { HasTextString = "Say first whether answer B alone is safe." }).WaitForAsync();
        var early = (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Count;
        await page.Keyboard.PressAsync("i");
        await page.Keyboard.PressAsync("6");
        await ShowsAsync(page, "Prompt 2");
        await page.GetByRole(AriaRole.Group, new() { Name = "Answer A alone is" }).GetByLabel("unsure").CheckAsync();
        await page.Keyboard.PressAsync("p");
        await page.Keyboard.PressAsync("4");
        await SavedAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = "No question waits for you" }).WaitForAsync();

        Assert.Equal(0, early);
        var judgements = (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements;
        Assert.Equal([Safety.Unsafe, Safety.Safe], judgements[0].ShownFirst == Side.A ? [judgements[0].SafeA!.Value, judgements[0].SafeB!.Value] : new[] { judgements[0].SafeB!.Value, judgements[0].SafeA!.Value });
        Assert.Equal((Safety.Unsure, Safety.Unsure), (judgements[1].SafeA!.Value, judgements[1].SafeB!.Value));
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task Examples_of_an_axis_that_comes_up_while_somebody_labels_are_asked_before_its_questions()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync("s", questions: 1, axis: "safety");
        // Read earlier, and never qualified.
        await place.Runtime.Queue.AcknowledgeAsync("olga", "preference", place.Guidelines().Version.Version, default);
        await using var person = await chromium.PersonAsync(place);
        var page = await person.NewPageAsync();
        await page.GotoAsync("/label");

        await ShowsAsync(page, "Prompt 1");
        await SavedAsync(page);
        await place.AskAsync(questions: 2);
        foreach (var key in new[] { "q", "i", "2" }) await page.Keyboard.PressAsync(key);
        await Examples.AnswerAsync(page, place, right: true);
        await ShowsAsync(page, "Prompt 1");
        await page.Keyboard.PressAsync("1");
        await ShowsAsync(page, "Prompt 2");
        await SavedAsync(page);

        Assert.Equal((1, 1), ((await place.Runtime.Desk.ProgressAsync("s", default)).Judgements.Count, (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Count));
        Assert.Empty(place.Log);
    }

    static async Task LabelAllAsync(IPage page, string key)
    {
        while (true)
        {
            await page.Locator("#task:not([hidden]), #nothing:not([hidden])").First.WaitForAsync();
            if (await page.Locator("#nothing").IsVisibleAsync() && (await page.Locator("#progress").TextContentAsync())!.EndsWith(" 0 left", StringComparison.Ordinal)) break;
            if (await page.Locator("#task").IsVisibleAsync()) await page.Keyboard.PressAsync(key);
            await Task.Delay(100);
        }
        await SavedAsync(page);
    }

    /// <summary>Returns when requests do fail: for a moment after the browser was told to, they may still come through.</summary>
    static async Task GoOfflineAsync(IBrowserContext person, IPage page)
    {
        await person.SetOfflineAsync(true);
        await page.WaitForFunctionAsync("() => !navigator.onLine && fetch('/healthz', { cache: 'no-store' }).then(() => false, () => true)");
    }

    static Task ShowsAsync(IPage page, string prompt) => page.Locator("#prompt .words", new() { HasTextString = prompt }).WaitForAsync();

    static Task SavedAsync(IPage page) => page.Locator("#connection", new() { HasTextString = "All saved" }).WaitForAsync();
}
