using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Labeling;

/// <summary>Tools that fail, and processes that die.</summary>
public sealed class FaultsTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ToolKind.Argilla, false)]
    [InlineData(ToolKind.Argilla, true)]
    [InlineData(ToolKind.LabelStudio, false)]
    [InlineData(ToolKind.LabelStudio, true)]
    public async Task Broken_off_at_any_request_before_or_after_it_was_carried_out_the_next_try_ends_with_one_dataset_and_each_question_once(ToolKind kind, bool carriedOut)
    {
        var request = SomeTool.Request(520, each: 2);
        int crashes;
        for (crashes = 0; ; crashes++)
        {
            await using var tool = await SomeTool.OpenAsync(kind);
            var fatal = crashes + 1;
            tool.Stub.Faults = (number, _) => number != fatal ? null : carriedOut ? new Fault.ResetAfter() : new Fault.ResetBefore();
            var died = false;
            try
            {
                await tool.Labeler(retries: 0).AskAsync(request, Token);
            }
            catch (IOException)
            {
                died = true;
            }
            tool.Stub.Faults = (_, _) => null;
            await tool.Labeler(retries: 0).AskAsync(request, Token);

            Assert.True((tool.Sets, tool.Items.Count) == (1, 520), $"at request {fatal}: {tool.Sets} datasets, {tool.Items.Count} records; {string.Join(" | ", tool.Stub.Requests)}");
            Assert.Equal(520, tool.Items.Select(i => $"{tool.Texts(i)["prompt"]}").Distinct().Count());
            if (!died) break;
        }
        Assert.True(crashes > 8, $"{crashes} requests");
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Faults_of_every_kind_in_every_third_request_change_nothing(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var request = SomeTool.Request(700);
        var faults = 0;
        tool.Stub.Faults = (number, _) => number % 3 != 0 ? null : (faults++ % 10) switch
        {
            0 => new Fault.Refuse(429, "", 0),
            1 => new Fault.Refuse(500, "oops"),
            2 => new Fault.LoseAnswer(502),
            3 => new Fault.ResetBefore(),
            4 => new Fault.ResetAfter(),
            5 => new Fault.Truncate(),
            6 => new Fault.Cut(),
            7 => new Fault.Hang(),
            8 => new Fault.HangAfter(),
            _ => new Fault.Refuse(503),
        };

        await tool.Labeler(retries: 20, attempt: TimeSpan.FromSeconds(1)).AskAsync(request, Token);
        foreach (var item in tool.Items) tool.Answer(item, 1, "a_slight");
        var progress = await tool.Labeler(retries: 20, attempt: TimeSpan.FromSeconds(1)).CollectAsync(request, default, Token);

        Assert.Equal((1, 700), (tool.Sets, tool.Items.Count));
        Assert.Equal((700, 0), (progress.Judgements.Count, progress.Pending));
        Assert.True(faults > 5, $"{faults} faults");
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task What_may_pass_is_told_from_what_stays_so_and_a_key_is_never_in_the_message(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        const string key = "a-key-that-is-wrong";

        tool.Stub.Faults = (_, _) => new Fault.Refuse(503, "be right back");
        var passes = await Assert.ThrowsAsync<IOException>(() => tool.Labeler(retries: 1).AskAsync(SomeTool.Request(1), Token));
        tool.Stub.Faults = (_, _) => new Fault.Refuse(302);
        var redirected = await Assert.ThrowsAsync<InvalidDataException>(() => tool.Labeler().AskAsync(SomeTool.Request(1), Token));
        tool.Stub.Faults = (_, _) => new Fault.Refuse(200, "<html>Sign in</html>");
        var page = await Assert.ThrowsAsync<InvalidDataException>(() => tool.Labeler().AskAsync(SomeTool.Request(1), Token));
        tool.Stub.Faults = (_, _) => null;
        var denied = await Assert.ThrowsAsync<InvalidDataException>(() => tool.Labeler(key: key).AskAsync(SomeTool.Request(1), Token));
        await tool.Stub.DisposeAsync();
        var away = await Assert.ThrowsAsync<IOException>(() => tool.Labeler(retries: 1).AskAsync(SomeTool.Request(1), Token));

        Assert.Contains("answered 503", passes.Message, StringComparison.Ordinal);
        Assert.Contains("be right back", passes.Message, StringComparison.Ordinal);
        Assert.Contains("redirect", redirected.Message, StringComparison.Ordinal);
        Assert.Contains("it is no JSON", page.Message, StringComparison.Ordinal);
        Assert.Contains("hold a key that is valid?", denied.Message, StringComparison.Ordinal);
        Assert.All(new Exception[] { passes, redirected, page, denied, away }, e => Assert.DoesNotContain(key, e.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task A_tool_that_is_away_while_people_are_waited_for_is_looked_at_again_and_nothing_is_said_of_what_could_not_be_seen(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var request = SomeTool.Request(3);
        await tool.Labeler().AskAsync(request, Token);
        foreach (var item in tool.Items) tool.Answer(item, 1, "a");
        tool.Stub.Faults = (_, _) => new Fault.Refuse(502);

        var away = await tool.Labeler(retries: 1).CollectAsync(request, default, Token);
        tool.Stub.Faults = (_, _) => null;
        var back = await tool.Labeler().CollectAsync(request, default, Token);

        Assert.Contains("answered 502", away.Trouble, StringComparison.Ordinal);
        Assert.Empty(away.Judgements);
        Assert.NotNull(away.NextAnswerAt);
        Assert.Single(away.Events);
        Assert.Equal((3, 0, (string?)null), (back.Judgements.Count, back.Pending, back.Trouble));
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Two_workers_that_ask_at_once_leave_one_dataset_with_each_question_once(ToolKind kind)
    {
        for (var i = 0; i < 5; i++)
        {
            await using var tool = await SomeTool.OpenAsync(kind);
            await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => tool.Labeler().AskAsync(SomeTool.Request(40), Token)));
            await tool.Labeler().AskAsync(SomeTool.Request(40), Token);

            Assert.Equal((1, 40), (tool.Sets, tool.Items.Count));
        }
    }

    [Fact]
    public async Task Cancelling_ends_an_asking_that_hangs()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.Argilla);
        tool.Stub.Faults = (_, _) => new Fault.Hang();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tool.Labeler().AskAsync(SomeTool.Request(1), soon.Token));
    }
}
