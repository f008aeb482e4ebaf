using System.Text.Json.Nodes;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Labeling;

/// <summary>What is put into a tool.</summary>
public sealed class AskingTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Questions_are_there_once_with_guidelines_and_all_eight_choices_however_often_they_are_asked(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        tool.Guidelines("preference", "# Judge\n\nHonest <b>before</b> helpful.\n");
        var request = SomeTool.Request(600, each: 3);

        await tool.Labeler().AskAsync(request, Token);
        var after = tool.Stub.Requests.Count;
        await tool.Labeler().AskAsync(request, Token);

        Assert.Equal((1, 600), (tool.Sets, tool.Items.Count));
        Assert.Equal(600, tool.Items.Select(i => $"{tool.Texts(i)["prompt"]}").Distinct().Count());
        Assert.InRange(after, 5, 40);
        var made = kind == ToolKind.Argilla
            ? ((StubArgilla)tool.Stub).Datasets.Single().Body
            : ((StubLabelStudio)tool.Stub).Projects.Single();
        if (kind == ToolKind.Argilla)
        {
            var dataset = ((StubArgilla)tool.Stub).Datasets.Single();
            Assert.Equal(("ready", 3, "# Judge\n\nHonest <b>before</b> helpful.\n"), ($"{made["status"]}", made["distribution"]!["min_submitted"]!.GetValue<int>(), $"{made["guidelines"]}"));
            Assert.Equal(Choices.All, dataset.Questions.Single(q => $"{q["name"]}" == "preference")["settings"]!["options"]!.AsArray().Select(o => $"{o!["value"]}"));
            Assert.False(dataset.Questions.Single(q => $"{q["name"]}" == "comment")["required"]!.GetValue<bool>());
            Assert.All(dataset.Fields, f => Assert.False(f["settings"]!["use_markdown"]!.GetValue<bool>()));
        }
        else
        {
            Assert.Equal(3, made["maximum_annotations"]!.GetValue<int>());
            Assert.Contains("<h1>Judge</h1>", $"{made["expert_instruction"]}", StringComparison.Ordinal);
            Assert.Contains("&lt;b&gt;", $"{made["expert_instruction"]}", StringComparison.Ordinal);
            var choices = System.Xml.Linq.XElement.Parse($"{made["label_config"]}").Descendants("Choice").ToList();
            Assert.Equal(Choices.All, choices.Select(c => c.Attribute("alias")!.Value));
            Assert.Equal(Enumerable.Range(1, 8).Select(i => $"{i}"), choices.Select(c => c.Attribute("hotkey")!.Value));
        }
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Sides_are_drawn_and_nothing_there_says_which_is_which_or_who_asks(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var request = SomeTool.Request(200) with { Settings = new() { ["policy"] = "secret-policy" }, Instance = "secret-instance" };
        request = request with { Questions = [.. request.Questions.Select(q => q with { Id = $"secret-model-vs-{q.Id}" })] };

        await tool.Labeler().AskAsync(request, Token);

        Assert.InRange(Enumerable.Range(1, 200).Count(tool.ShowsOwnSideFirst), 70, 130);
        Assert.DoesNotContain(tool.Stub.Bodies.Values.Concat(tool.Stub.Requests), b => b.Contains("secret", StringComparison.Ordinal) || b.Contains("shown", StringComparison.OrdinalIgnoreCase));
        string[] known = ["prompt", "answer_a", "answer_b", "pair_id"];
        Assert.All(tool.Items, i => Assert.All(tool.Texts(i), f => Assert.Contains(f.Key, known)));
        if (kind == ToolKind.Argilla) Assert.All(tool.Items, i => Assert.Null(i["metadata"]));
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Each_axis_is_a_dataset_of_its_own_and_another_request_makes_others(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var request = SomeTool.Request(4);
        request = request with { Questions = [.. request.Questions.Select((q, i) => q with { Axis = i < 2 ? "helpfulness" : "Safety: do no harm, ever, to anyone" })] };

        await tool.Labeler().AskAsync(request, Token);
        var first = tool.Sets;
        await tool.Labeler().AskAsync(SomeTool.Request(4, id: "request-8"), Token);
        var progress = await tool.Labeler().CollectAsync(request, default, Token);

        Assert.Equal((2, 3, 8), (first, tool.Sets, tool.Items.Count));
        Assert.Equal(4, progress.Pending);
        Assert.Contains(" and ", progress.Place, StringComparison.Ordinal);
        Assert.Contains("rlhf-helpfulness-", progress.Place, StringComparison.Ordinal);
        Assert.Contains("rlhf-safety-do-no-harm-ev", progress.Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ToolKind.Argilla)]
    [InlineData(ToolKind.LabelStudio)]
    public async Task Turns_zero_characters_and_what_looks_like_markup_arrive_as_text(ToolKind kind)
    {
        await using var tool = await SomeTool.OpenAsync(kind);
        var request = SomeTool.Request(1) with { Questions = [new("q1", [new("user", "Hi"), new("assistant", "<b>Yes?</b>"), new("user", "Go \0 on")], "", "<script>alert(1)</script> مرحبا", "preference")] };

        await tool.Labeler().AskAsync(request, Token);
        var texts = tool.Texts(tool.Items.Single());
        var progress = await tool.Labeler().CollectAsync(request, default, Token);

        Assert.Equal("user:\nHi\n\nassistant:\n<b>Yes?</b>\n\nuser:\nGo \uFFFD on", $"{texts["prompt"]}");
        Assert.Equal(["", "<script>alert(1)</script> مرحبا"], new[] { $"{texts["answer_a"]}", $"{texts["answer_b"]}" }.Order(StringComparer.Ordinal));
        Assert.Equal(1, progress.Pending);
    }

    [Fact]
    public async Task Guidelines_that_are_too_long_for_Argilla_are_refused_before_anything_is_made()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.Argilla);
        tool.Guidelines("safety", new string('x', 10_001));
        var request = SomeTool.Request(2);
        request = request with { Questions = [request.Questions[0], request.Questions[1] with { Axis = "safety" }] };

        var e = await Assert.ThrowsAsync<InvalidDataException>(() => tool.Labeler().AskAsync(request, Token));

        Assert.Equal("The guidelines of 'safety' have 10001 characters; Argilla takes at most 10000.", e.Message);
        Assert.Empty(tool.Stub.Requests);
    }

    [Fact]
    public async Task A_workspace_that_is_not_there_is_named_with_those_that_are()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.Argilla);
        var values = tool.Variables();
        values["ARGILLA_WORKSPACE"] = "other";
        var labeler = Adapters.Labeling.ToolLabelers.Argilla(
            Adapters.Labeling.Argilla.ArgillaSettings.FromEnvironment(values.GetValueOrDefault)!, new GuidelinesFiles([]), SomeTool.Poll, TimeProvider.System);

        var e = await Assert.ThrowsAsync<InvalidDataException>(() => labeler.AskAsync(SomeTool.Request(1), Token));

        Assert.Equal("ARGILLA_WORKSPACE is 'other'; expected one of team.", e.Message);
    }

    [Fact]
    public async Task A_server_that_imports_after_its_answer_is_waited_for()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.LabelStudio);
        ((StubLabelStudio)tool.Stub).ImportsLater = true;

        await tool.Labeler().AskAsync(SomeTool.Request(5), Token);

        Assert.Equal((1, 5), (tool.Sets, tool.Items.Count));
    }

    [Fact]
    public async Task A_personal_access_token_is_exchanged_and_exchanged_again_when_it_has_run_out()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.LabelStudio);
        ((StubLabelStudio)tool.Stub).AccessLasts = 2;

        await tool.Labeler(key: StubLabelStudio.Personal).AskAsync(SomeTool.Request(300), Token);
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => tool.Labeler(key: "a.wrong.one").AskAsync(SomeTool.Request(300), Token));

        Assert.Equal((1, 300), (tool.Sets, tool.Items.Count));
        Assert.True(tool.Stub.Requests.Count(r => r.Contains("token/refresh", StringComparison.Ordinal)) > 2);
        Assert.Contains("LABEL_STUDIO_API_KEY", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a.wrong.one", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Copies_that_two_workers_made_of_a_project_and_of_its_tasks_become_one_and_answers_stay()
    {
        await using var tool = await SomeTool.OpenAsync(ToolKind.LabelStudio);
        var stub = (StubLabelStudio)tool.Stub;
        await tool.Labeler().AskAsync(SomeTool.Request(3), Token);
        var copy = stub.Projects[0].DeepClone().AsObject();
        copy["id"] = 10_000;
        stub.Projects.Add(copy);
        stub.AddTask(stub.Projects[0], tool.Texts(tool.Item(2)));
        stub.Annotate(stub.Tasks[^1], 5, "a");

        await tool.Labeler().AskAsync(SomeTool.Request(3), Token);
        var progress = await tool.Labeler().CollectAsync(SomeTool.Request(3), default, Token);

        Assert.Equal((1, 3, 2), (tool.Sets, tool.Items.Count, progress.Pending));
        Assert.Equal("q2", Assert.Single(progress.Judgements).ComparisonId);
    }
}
