using System.Text.Json.Nodes;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Labeling;

/// <summary>What is read from a tool, and what of it counts.</summary>
public sealed class CollectingTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Every_choice_comes_back_for_the_questions_own_sides(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var version = tool.Guidelines("preference", "# Judge\n");
        // Each choice of a question shown one way and of one shown the other way.
        var request = SomeTool.Request(100);
        await tool.Labeler().AskAsync(request, Token);
        var said = new Dictionary<string, (Choice Own, Side First)>();
        foreach (var ownFirst in new[] { true, false })
        {
            foreach (var (question, choice) in Enumerable.Range(1, 100).Where(q => tool.ShowsOwnSideFirst(q) == ownFirst).Zip(Choices.All))
            {
                tool.Answer(tool.Item(question), 1, choice);
                var shown = Choices.Parse(choice)!.Value;
                said[$"q{question}"] = (ownFirst ? shown : shown.Swapped(), ownFirst ? Side.A : Side.B);
            }
        }

        var progress = await tool.Labeler().CollectAsync(request, default, Token);

        Assert.Equal((16, 84), (progress.Judgements.Count, progress.Pending));
        foreach (var judgement in progress.Judgements)
        {
            var (own, first) = said[judgement.ComparisonId];
            Assert.Equal(
                Judgement.Of(judgement.ComparisonId, tool.Name(1), LabelerKind.Person, own, kind == ToolKind.Argilla ? null : 4.5) with { ShownFirst = first, Guidelines = version }, judgement);
        }
        Assert.Equal(progress.Judgements.OrderBy(j => int.Parse(j.ComparisonId[1..], null)), progress.Judgements);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task It_waits_with_a_time_an_event_and_a_place_until_the_last_answer_has_come(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(2, each: 2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        foreach (var question in new[] { 1, 2 }) tool.Answer(tool.Item(question), 1, "a");

        var waits = await labeler.CollectAsync(request, default, Token);
        foreach (var question in new[] { 1, 2 }) tool.Answer(tool.Item(question), 2, "tie");
        var done = await labeler.CollectAsync(request, default, Token);

        Assert.Equal((2, 2), (waits.Judgements.Count, waits.Pending));
        Assert.InRange((waits.NextAnswerAt!.Value - TimeProvider.System.GetUtcNow()).TotalSeconds, 50, 61);
        Assert.Equal([LabelingTools.EventOf(kind == ToolKind.Argilla ? "argilla" : "label-studio")], waits.Events);
        Assert.Contains(tool.Stub.Address, waits.Place, StringComparison.Ordinal);
        Assert.Equal((4, 0), (done.Judgements.Count, done.Pending));
        Assert.Null(done.NextAnswerAt);
        Assert.Empty(done.Events);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task What_was_skipped_or_is_a_draft_does_not_count_what_was_changed_counts_as_it_is_and_what_was_deleted_is_gone(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(3, each: 2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        tool.Answer(tool.Item(1), 1, "both_bad");
        tool.Answer(tool.Item(1), 2, "a", counts: false);
        tool.Answer(tool.Item(1), 3, null, counts: false);
        var changed = tool.Answer(tool.Item(2), 1, "both_bad");
        var deleted = tool.Answer(tool.Item(3), 1, "a");

        var before = await labeler.CollectAsync(request, default, Token);
        tool.Change(changed, "tie");
        tool.Remove(tool.Item(3), deleted);
        var after = await labeler.CollectAsync(request, default, Token);

        Assert.Equal(["q1", "q2", "q3"], before.Judgements.Select(j => j.ComparisonId));
        Assert.True(before.Judgements[1].BothBad);
        Assert.Equal(["q1", "q2"], after.Judgements.Select(j => j.ComparisonId));
        Assert.Equal((Side.Tie, false), (after.Judgements[1].Side, after.Judgements[1].BothBad));
        Assert.Equal(4, after.Pending);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Of_more_labelers_than_asked_for_those_count_who_answered_first_even_if_they_change_it_later(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(1, each: 2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        var first = tool.Answer(tool.Item(1), 3, "a");
        tool.Answer(tool.Item(1), 1, "a");
        tool.Answer(tool.Item(1), 2, "a");
        tool.Change(first, "tie");

        var progress = await labeler.CollectAsync(request, default, Token);

        Assert.Equal([tool.Name(3), tool.Name(1)], progress.Judgements.Select(j => j.Labeler));
        Assert.Equal((Side.Tie, 0), (progress.Judgements[0].Side, progress.Pending));
    }

    [Fact]
    public async Task Somebody_who_annotates_a_task_twice_is_one_labeler_whose_newest_answer_counts()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.LabelStudio);
        var stub = (StubLabelStudio)tool.Stub;
        var (request, labeler) = (SomeTool.Request(1, each: 2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        stub.Annotate(stub.Tasks[0], 7, "a", seconds: 9);
        stub.Annotate(stub.Tasks[0], new JsonObject { ["id"] = 7, ["email"] = "ann@example.com" }, "Tie", seconds: 2, comment: "hard");
        stub.Annotate(stub.Tasks[0], 8, null, skipped: true);

        var progress = await labeler.CollectAsync(request, default, Token);

        var judgement = Assert.Single(progress.Judgements);
        Assert.Equal(("label-studio:7", Side.Tie, 2.0, 1), (judgement.Labeler, judgement.Side, judgement.Seconds, progress.Pending));
    }

    [Fact]
    public async Task Answers_of_users_that_Argilla_has_deleted_are_different_labelers()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.Argilla);
        var (request, labeler) = (SomeTool.Request(1, each: 2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        foreach (var user in new[] { 1, 2 }) tool.Answer(tool.Item(1), user, "tie");
        foreach (var response in tool.Item(1)["responses"]!.AsArray()) response!["user_id"] = null;

        var progress = await labeler.CollectAsync(request, default, Token);

        Assert.Equal((2, 0), (progress.Judgements.Select(j => j.Labeler).Distinct().Count(), progress.Pending));
        Assert.All(progress.Judgements, j => Assert.StartsWith("argilla:deleted-", j.Labeler, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Records_that_were_not_asked_are_left_out_and_counted(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        tool.AddForeign("Mine");
        tool.AddForeign("Mine, too");
        foreach (var item in tool.Items) tool.Answer(item, 1, "a");

        var progress = await labeler.CollectAsync(request, default, Token);

        Assert.Equal((2, 0), (progress.Judgements.Count, progress.Pending));
        Assert.Equal("2 records are left out there, which this round did not ask", progress.Remark);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task All_pages_are_read_and_what_comes_in_meanwhile_neither_hides_nor_doubles_an_answer(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(1200), tool.Labeler());
        await labeler.AskAsync(request, Token);
        foreach (var item in tool.Items) tool.Answer(item, 1, "a");
        var pages = 0;
        tool.Stub.After = named =>
        {
            if (!named.Contains("offset=", StringComparison.Ordinal) && !named.Contains("/tasks/", StringComparison.Ordinal)) return;
            pages++;
            tool.AddForeign($"Late {pages}");
        };

        var progress = await labeler.CollectAsync(request, default, Token);

        Assert.Equal((1200, 0), (progress.Judgements.Count, progress.Pending));
        Assert.Equal(request.Questions.Select(q => q.Id), progress.Judgements.Select(j => j.ComparisonId));
        Assert.True(pages >= 5, $"{pages} pages");
    }

    [Theory]
    [InlineData(ToolKind.Argilla, "excellent")]
    [InlineData(ToolKind.LabelStudio, "excellent")]
    [InlineData(ToolKind.Argilla, null)]
    [InlineData(ToolKind.LabelStudio, null)]
    public async Task A_choice_that_is_none_is_named(ToolKind kind, string? choice)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        var answer = tool.Answer(tool.Item(1), 1, choice);

        var e = await Assert.ThrowsAsync<InvalidDataException>(() => labeler.CollectAsync(request, default, Token));

        Assert.Contains($"{answer["id"]}", e.Message, StringComparison.Ordinal);
        Assert.Contains(choice ?? "nothing", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("a_much, a, a_slight, tie, b_slight, b, b_much, both_bad.", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task A_record_whose_texts_were_changed_and_a_dataset_that_is_gone_are_named(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var (request, labeler) = (SomeTool.Request(2), tool.Labeler());
        await labeler.AskAsync(request, Token);
        var texts = tool.Texts(tool.Item(1));
        var (a, b) = ($"{texts["answer_a"]}", $"{texts["answer_b"]}");
        (texts["answer_a"], texts["answer_b"]) = (b, a);

        var changed = await Assert.ThrowsAsync<InvalidDataException>(() => labeler.CollectAsync(request, default, Token));
        var gone = await Assert.ThrowsAsync<InvalidDataException>(() => labeler.CollectAsync(request with { Id = "another" }, default, Token));

        Assert.Contains("shows other texts than were asked", changed.Message, StringComparison.Ordinal);
        Assert.Contains("any more; expected the one that was made for this round", gone.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task The_guidelines_version_is_that_of_what_is_shown_there_although_the_file_has_changed_since(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var shown = tool.Guidelines("preference", "# First\n");
        var (request, labeler) = (SomeTool.Request(1), tool.Labeler());
        await labeler.AskAsync(request, Token);
        tool.Guidelines("preference", "# Second\n");
        await labeler.AskAsync(request, Token);
        tool.Answer(tool.Item(1), 1, "a");

        var progress = await labeler.CollectAsync(request, default, Token);

        Assert.Equal(shown, Assert.Single(progress.Judgements).Guidelines);
    }
}
