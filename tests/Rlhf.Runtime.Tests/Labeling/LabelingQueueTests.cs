using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Labeling;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Jobs;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Tests;

/// <summary>What labelers disagree about is asked more often and then decided, and labelers are checked without noticing.</summary>
public sealed class LabelingQueueTests
{
    static readonly string[] Axes = ["preference"];

    static async Task<(LabelingDesk Desk, LabelingQueue Queue)> AskAsync(Cluster cluster, int questions, int each, Care care)
    {
        var desk = new LabelingDesk(cluster.Store.Database, cluster.Time, new Pulse());
        await desk.PutAsync(
            new("r", [.. Enumerable.Range(1, questions).Select(i => new Question($"q{i}", Turn.User($"P{i}"), $"x{i}", $"y{i}", "preference"))], each, 1, []) { Care = care }, default);
        return (desk, new(cluster.Store.Database, cluster.Time, new Pulse()));
    }

    /// <summary>The choice is between the question's own sides.</summary>
    static async Task<string> SayAsync(LabelingQueue queue, string labeler, Choice choice)
    {
        var assignment = Assert.Single(await queue.AssignAsync(labeler, 1, Axes, default));
        var key = $"{labeler}-{Guid.NewGuid()}";
        await queue.AnswerAsync(labeler, new(key, assignment.Item, assignment.ShownFirst == Side.A ? choice : choice.Swapped(), 1), default);
        return key;
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_disputed_question_is_put_to_one_more_labeler_after_the_other_up_to_the_most(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var (desk, queue) = await AskAsync(cluster, questions: 1, each: 2, new(MostJudgements: 4));

        await SayAsync(queue, "ann", Choice.A);
        await SayAsync(queue, "bob", Choice.B);
        var disputed = (await desk.ProgressAsync("r", default)).Missing;
        await SayAsync(queue, "cem", Choice.Tie);
        var still = (await desk.ProgressAsync("r", default)).Missing;
        await SayAsync(queue, "dee", Choice.BMuch);
        var progress = await desk.ProgressAsync("r", default);

        Assert.Equal((1, 1, 0), (disputed, still, progress.Missing));
        Assert.Equal(["ann", "bob", "cem", "dee"], progress.Judgements.Select(j => j.Labeler));
        Assert.Empty(await queue.AssignAsync("eve", 1, Axes, default));
    }

    [Fact]
    public async Task Where_the_first_labelers_agree_nobody_else_is_asked()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (desk, queue) = await AskAsync(cluster, questions: 1, each: 2, new(MostJudgements: 5, Adjudicate: true));

        await SayAsync(queue, "ann", Choice.A);
        await SayAsync(queue, "bob", Choice.AMuch);

        Assert.Equal(0, (await desk.ProgressAsync("r", default)).Missing);
        Assert.Empty(await queue.DisputedAsync(10, default));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task An_adjudicator_who_is_none_of_the_labelers_decides_once_what_they_do_not_agree_on(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var (desk, queue) = await AskAsync(cluster, questions: 1, each: 2, new(Adjudicate: true));
        await SayAsync(queue, "ann", Choice.A);
        await SayAsync(queue, "bob", Choice.B);

        var nobody = await queue.AssignAsync("cem", 1, Axes, default);
        var dispute = Assert.Single(await queue.DisputedAsync(10, default));
        var own = await Assert.ThrowsAsync<ArgumentException>(() => queue.AdjudicateAsync("bob", dispute.Item, Choice.B, null, default));
        await queue.AdjudicateAsync("olga", dispute.Item, Choice.BSlight, "b names its source", default);
        await queue.AdjudicateAsync("olga", dispute.Item, Choice.BSlight, "b names its source", default);
        var late = await Assert.ThrowsAsync<InvalidOperationException>(() => queue.AdjudicateAsync("pia", dispute.Item, Choice.A, null, default));

        Assert.Empty(nobody);
        Assert.Equal([("ann", Choice.A), ("bob", Choice.B)], dispute.Answers.Select(a => (a.Labeler, a.Choice)));
        Assert.Equal("bob is one of those who judged this question; expected somebody else to decide it.", own.Message);
        Assert.Equal("olga has decided this question already (b_slight).", late.Message);
        var progress = await desk.ProgressAsync("r", default);
        Assert.Equal(0, progress.Missing);
        Assert.Equal([("ann", false), ("bob", false), ("olga", true)], progress.Judgements.Select(j => (j.Labeler, j.Adjudicated)));
        Assert.Equal([("olga", Side.B)], Judgement.Deciding(progress.Judgements).Select(j => (j.Labeler, j.Side)));
    }

    [Fact]
    public async Task An_answer_that_made_a_dispute_and_is_taken_back_takes_the_further_place_with_it()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (desk, queue) = await AskAsync(cluster, questions: 1, each: 2, new(Adjudicate: true));
        await SayAsync(queue, "ann", Choice.A);
        var key = await SayAsync(queue, "bob", Choice.B);

        var again = await queue.UndoAsync("bob", key, default);
        var missing = (await desk.ProgressAsync("r", default)).Missing;
        await SayAsync(queue, "bob", Choice.A);

        Assert.NotNull(again);
        Assert.Equal(1, missing);
        Assert.Equal(0, (await desk.ProgressAsync("r", default)).Missing);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_labeler_gets_known_and_repeated_questions_among_the_others_in_about_their_shares_and_they_fill_no_place(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var (desk, queue) = await AskAsync(cluster, questions: 200, each: 1, new(GoldShare: 0.2, RepeatShare: 0.2));
        await queue.SetGoldAsync([.. Enumerable.Range(1, 100).Select(i => (new Question($"g{i}", Turn.User($"G{i}"), "right", "wrong", "preference"), Choice.A))], default);

        // Says that the text "right" is better, and x of all others; of what comes again now and then the other side.
        var (seen, fates) = (new HashSet<string>(), new List<AnswerFate>());
        for (var i = 0; i < 150; i++)
        {
            var assignment = Assert.Single(await queue.AssignAsync("ann", 1, Axes, default));
            var isAgain = !seen.Add(assignment.Item);
            var says = isAgain && i % 2 == 0 ? Choice.B : Choice.A;
            fates.Add(await queue.AnswerAsync("ann", new($"key-{i:0000}", assignment.Item, assignment.ShownFirst == Side.A ? says : says.Swapped(), 1), default));
        }

        var checks = Assert.Single(await queue.ChecksAsync(default));
        Assert.InRange(checks.Gold, 15, 45);
        Assert.Equal(checks.Gold, checks.GoldRight);
        Assert.InRange(checks.Repeated, 15, 45);
        Assert.InRange(checks.RepeatedSame, 1, checks.Repeated - 1);
        Assert.Equal(150 - checks.Gold - checks.Repeated, (await desk.ProgressAsync("r", default)).Judgements.Count);
        Assert.All(fates, f => Assert.Equal(AnswerFate.Counted, f));
    }

    [Fact]
    public async Task A_repeated_question_comes_with_its_sides_exchanged_and_not_soon()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (_, queue) = await AskAsync(cluster, questions: 100, each: 1, new(RepeatShare: 0.5));
        var shown = new List<(string Item, Side First)>();

        for (var i = 0; i < 60; i++)
        {
            var assignment = Assert.Single(await queue.AssignAsync("ann", 1, Axes, default));
            shown.Add((assignment.Item, assignment.ShownFirst));
            await queue.AnswerAsync("ann", new($"key-{i:0000}", assignment.Item, Choice.A, 1), default);
        }

        var repeated = shown.Index().GroupBy(s => s.Item.Item).Where(g => g.Count() > 1).Select(g => g.ToList()).ToList();
        Assert.NotEmpty(repeated);
        Assert.All(repeated, r =>
        {
            Assert.Equal(2, r.Count);
            Assert.NotEqual(r[0].Item.First, r[1].Item.First);
            Assert.True(r[1].Index - r[0].Index > 10);
        });
    }

    [Fact]
    public async Task A_check_that_is_taken_back_is_asked_again_like_any_other_question()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (_, queue) = await AskAsync(cluster, questions: 60, each: 1, new(GoldShare: 0.3, RepeatShare: 0.3));
        await queue.SetGoldAsync([.. Enumerable.Range(1, 60).Select(i => (new Question($"g{i}", Turn.User($"G{i}"), "right", "wrong", "preference"), Choice.A))], default);

        for (var i = 0; i < 60; i++)
        {
            var assignment = Assert.Single(await queue.AssignAsync("ann", 1, Axes, default));
            await queue.AnswerAsync("ann", new($"key-{i:0000}", assignment.Item, Choice.A, 1), default);
            Assert.True((await queue.ProgressAsync("ann", default)).Last!.CanUndo);
            var again = await queue.UndoAsync("ann", $"key-{i:0000}", default);
            Assert.Equal((assignment.Item, assignment.ShownFirst), (again!.Item, again.ShownFirst));
            Assert.Equal(assignment.Item, Assert.Single(await queue.AssignAsync("ann", 1, Axes, default)).Item);
            await queue.AnswerAsync("ann", new($"more-{i:0000}", assignment.Item, Choice.A, 1), default);
        }

        var checks = Assert.Single(await queue.ChecksAsync(default));
        Assert.True(checks is { Gold: > 0, Repeated: > 0 });
    }

    [Fact]
    public async Task A_question_that_was_answered_by_file_meanwhile_is_not_asked_on_the_page_any_more()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (desk, queue) = await AskAsync(cluster, questions: 1, each: 2, new());
        var held = Assert.Single(await queue.AssignAsync("ann", 1, Axes, default));

        await desk.TakeAsync([DeskAnswer.Of(new JudgementLine(held.Item, "ann", Choice.A))], default);

        Assert.Empty(await queue.AssignAsync("ann", 1, Axes, default));
    }

    [Fact]
    public async Task One_question_with_two_known_answers_is_refused()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (_, queue) = await AskAsync(cluster, questions: 1, each: 1, new());
        static (Question, Choice) Known(string id, Choice answer) => (new Question(id, Turn.User("G"), "x", "y", "preference"), answer);

        var error = await Assert.ThrowsAsync<ArgumentException>(() => queue.SetGoldAsync([Known("g1", Choice.A), Known("g2", Choice.B)], default));

        Assert.Equal("Items 'g1' and 'g2' are the same question with different answers; expected one known answer of each.", error.Message);
        Assert.Equal(1, await queue.SetGoldAsync([Known("g1", Choice.A), Known("g2", Choice.A)], default));
    }

    [Fact]
    public async Task Known_answers_that_are_no_longer_in_the_file_check_nobody_any_more()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var (_, queue) = await AskAsync(cluster, questions: 20, each: 1, new(GoldShare: 0.5));
        var one = (new Question("g1", Turn.User("G1"), "right", "wrong", "preference"), Choice.A);
        await queue.SetGoldAsync([one], default);
        for (var i = 0; i < 10; i++) await SayAsync(queue, "ann", Choice.B);
        var before = Assert.Single(await queue.ChecksAsync(default));

        await queue.SetGoldAsync([(new Question("g2", Turn.User("G2"), "right", "wrong", "preference"), Choice.A)], default);

        Assert.Equal((1, 0), (before.Gold, before.GoldRight));
        Assert.Empty(await queue.ChecksAsync(default));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Agreement_is_said_of_each_version_of_the_guidelines_in_the_order_of_their_first_use(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var (desk, queue) = await AskAsync(cluster, questions: 3, each: 2, new());
        var items = (await desk.OpenAsync(null, default)).Select(q => q.Item).ToList();
        Task Say(int question, string labeler, Choice choice, string version) =>
            desk.TakeAsync([DeskAnswer.Of(new JudgementLine(items[question], labeler, choice) { Guidelines = version })], default);

        // The second question's two judgements are of different versions: nothing is said of these.
        await Say(0, "ann", Choice.A, "v9");
        await Say(0, "bob", Choice.B, "v9");
        await Say(1, "ann", Choice.A, "v9");
        await Say(1, "bob", Choice.A, "v1");
        await Say(2, "ann", Choice.AMuch, "v1");
        await Say(2, "bob", Choice.ASlight, "v1");

        var summary = await queue.SummaryAsync(default);
        Assert.Equal([("preference", "v9", 3, 1, 0), ("preference", "v1", 3, 1, 1)], summary.Versions.Select(v => (v.Axis, v.Version, v.Judgements, v.Pairs, v.Same)));
        Assert.Equal((3, 2), (summary.Agreement.Single().Pairs, summary.Agreement.Single().Same));
    }

    [Fact]
    public async Task Questions_of_an_earlier_store_know_how_many_of_their_places_are_empty()
    {
        using var folder = new TemporaryFolder();
        using (var db = new RuntimeDbContext(new DbContextOptionsBuilder<RuntimeDbContext>().UseSqlite($"Data Source={Path.Combine(folder.Path, "runtime.db")};Pooling=False").Options))
        {
            db.GetService<IMigrator>().Migrate("20261127000000_LabelingByPage");
            db.Database.ExecuteSqlRaw(
                """
                INSERT INTO "LabelingRequests" ("Id", "InstanceId", "JudgementsPerQuestion", "AskedAt") VALUES ('r', '', 2, 1);
                INSERT INTO "LabelingQuestions" ("Item", "RequestId", "Position", "Axis", "Content") VALUES
                    ('i1', 'r', 0, 'preference', '{{"a":"x","axis":"preference","b":"y","id":"q1","prompt":[{{"role":"user","text":"P"}}]}}'),
                    ('i2', 'r', 1, 'preference', '{{"a":"x","axis":"preference","b":"y","id":"q2","prompt":[{{"role":"user","text":"P"}}]}}');
                INSERT INTO "LabelingJudgements" ("Key", "Item", "Labeler", "LabelerKind", "Choice", "ReceivedAt", "Place") VALUES
                    ('k1', 'i1', 'ann', 'Person', 'a', 1, 1), ('k2', 'i1', 'bob', 'Person', 'a', 1, 2), ('k3', 'i2', 'ann', 'Person', 'b', 1, 1), ('k4', 'i2', 'cem', 'Person', 'b', 1, NULL);
                """);
        }

        using var database = Database.Open(folder.Path, null);
        var desk = new LabelingDesk(database, TimeProvider.System, new Pulse());

        Assert.Equal(["i2"], (await desk.OpenAsync(null, default)).Select(q => q.Item));
        Assert.Equal(1, (await desk.ProgressAsync("r", default)).Missing);
        Assert.Equal(1, (await desk.TakeAsync([DeskAnswer.Of(new JudgementLine("i2", "dee", Choice.A))], default)).Taken);
        Assert.Equal(0, (await desk.ProgressAsync("r", default)).Missing);
    }
}
