using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;
using Rlhf.Runtime.Tests.Jobs;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

/// <summary>Questions wait on the desk for people, and no answer is lost, doubled or counted for somebody else.</summary>
public sealed class LabelingDeskTests
{
    static LabelingRequest Request(string id, int questions = 2, int each = 1, string instance = "") =>
        new(id, [.. Enumerable.Range(1, questions).Select(i => new Question($"q{i}", Turn.User($"P{i}"), $"x{i}\0", $"y{i}", "preference"))], each, 1, [])
        { Instance = instance };

    static LabelingDesk Desk(Cluster cluster) => new(cluster.Store.Database, cluster.Time, new Pulse());

    static DeskAnswer Answer(string item, string labeler, Choice choice = Choice.A, double? seconds = null, LabelerKind kind = LabelerKind.Person) =>
        DeskAnswer.Of(new JudgementLine(item, labeler, choice) { Seconds = seconds, Kind = kind });

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Questions_are_put_once_and_stay_open_until_each_has_its_answer(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var desk = Desk(cluster);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => desk.PutAsync(Request("r"), default)));
        await desk.PutAsync(Request("s"), default);
        var open = await desk.OpenAsync(null, default);

        var receipt = await desk.TakeAsync([Answer(open[0].Item, "ann", Choice.BMuch, 2.5), Answer(open[3].Item, "robot", Choice.BothBad, kind: LabelerKind.Simulated)], default);

        Assert.Equal(["q1", "q2", "q1", "q2"], open.Select(q => q.Question.Id));
        Assert.Equal(("x1\0", "y1", "P1"), (open[0].Question.A, open[0].Question.B, open[0].Question.Prompt[0].Text));
        Assert.Equal(4, open.Select(q => q.Item).Distinct().Count());
        Assert.Equal(new DeskReceipt(2, 0, 0, 0), receipt);
        Assert.Equal([open[1].Item, open[2].Item], (await desk.OpenAsync(null, default)).Select(q => q.Item));
        var progress = await desk.ProgressAsync("r", default);
        Assert.Equal((1, new Judgement("q1", "ann", Side.B, 3, 2.5, false) { Kind = LabelerKind.Person }), (progress.Missing, Assert.Single(progress.Judgements)));
        Assert.True(Assert.Single((await desk.ProgressAsync("s", default)).Judgements) is { BothBad: true, Side: Side.Tie, Strength: 0, Simulated: true });
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Each_place_of_a_question_is_another_labelers_and_everything_else_is_kept_without_counting(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var desk = Desk(cluster);
        await desk.PutAsync(Request("r", questions: 1, each: 2), default);
        var item = (await desk.OpenAsync(null, default))[0].Item;

        var first = await desk.TakeAsync([Answer(item, "ann"), Answer(item, "ann", Choice.B), Answer(item, "ann")], default);
        var (forAnn, forBob) = (await desk.OpenAsync("ann", default), await desk.OpenAsync("bob", default));
        var second = await desk.TakeAsync([Answer(item, "bob", Choice.Tie), Answer(item, "cem"), Answer(item, "ann")], default);

        Assert.Equal(new DeskReceipt(1, 1, 1, 0), first);
        Assert.Equal((0, 1), (forAnn.Count, forBob.Count));
        Assert.Equal(new DeskReceipt(1, 1, 0, 1), second);
        Assert.Equal([("ann", Side.A), ("bob", Side.Tie)], (await desk.ProgressAsync("r", default)).Judgements.Select(j => (j.Labeler, j.Side)));
        Assert.Empty(await desk.OpenAsync(null, default));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task An_item_that_nobody_asked_about_lets_nothing_be_kept(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var desk = Desk(cluster);
        await desk.PutAsync(Request("r"), default);
        var item = (await desk.OpenAsync(null, default))[0].Item;

        await Assert.ThrowsAsync<ArgumentException>(() => desk.TakeAsync([Answer(item, "ann"), Answer("other", "ann")], default));

        Assert.Equal(2, (await desk.ProgressAsync("r", default)).Missing);
        Assert.Equal(2, await desk.MissingAsync("r", default));
        await Assert.ThrowsAsync<ArgumentException>(() => desk.ProgressAsync("other", default));
        await Assert.ThrowsAsync<ArgumentException>(() => desk.MissingAsync("other", default));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Many_who_answer_at_once_fill_every_place_once_and_wake_the_instance_once(Kind kind)
    {
        using var cluster = new Cluster(kind, Asking(out var desk));
        desk.Value = Desk(cluster);
        var id = await StartAndAskAsync(cluster);
        var items = (await desk.Value.OpenAsync(null, default)).Select(q => q.Item).ToList();

        var receipts = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            // Everybody answers everything, and sends it twice.
            var answers = items.Select(item => Answer(item, $"labeler-{i}")).ToList();
            var once = await Desk(cluster).TakeAsync(answers, default);
            var again = await Desk(cluster).TakeAsync(answers, default);
            Assert.Equal((items.Count, 0), (again.Repeated, again.Taken));
            return once;
        })));
        await WorkAsync(cluster);

        Assert.Equal((items.Count * 2, items.Count * 6), (receipts.Sum(r => r.Taken), receipts.Sum(r => r.Surplus)));
        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
        Assert.Single(await cluster.Store.EventsAsync(id, default), e => e is EventReceived);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Answers_that_came_while_nobody_drove_the_store_wake_what_waits_when_somebody_does(Kind kind)
    {
        using var cluster = new Cluster(kind, Asking(out var desk));
        desk.Value = Desk(cluster);
        var id = await StartAndAskAsync(cluster);
        var open = await desk.Value.OpenAsync(null, default);

        // As a process that ends right after its transaction.
        await Desk(cluster).TakeAsync([.. open.SelectMany(q => new[] { Answer(q.Item, "ann"), Answer(q.Item, "bob") })], default);
        cluster.Restart();
        await WorkAsync(cluster);

        var state = await cluster.StateAsync(id);
        Assert.Equal((WorkflowStatus.Finished, "4 judgements"), (state.Status, (string?)state.Outputs["result"]));
        Assert.Empty(await cluster.Store.MessagesAsync(0, default));
    }

    [Fact]
    public async Task Answers_whose_event_was_lost_are_found_by_the_next_look()
    {
        using var cluster = new Cluster(Kind.Sqlite, Asking(out var desk));
        desk.Value = Desk(cluster);
        var id = await StartAndAskAsync(cluster);
        var open = await desk.Value.OpenAsync(null, default);
        await desk.Value.TakeAsync([.. open.SelectMany(q => new[] { Answer(q.Item, "ann"), Answer(q.Item, "bob") })], default);
        foreach (var message in await cluster.Store.MessagesAsync(0, default)) await cluster.Store.ReplaceAsync(message.Id, [], default);

        await WorkAsync(cluster);
        var before = (await cluster.StateAsync(id)).Status;
        cluster.Time.Advance(DeskLabeler.LookAgain);
        await WorkAsync(cluster);

        Assert.Equal((WorkflowStatus.Suspended, WorkflowStatus.Finished), (before, (await cluster.StateAsync(id)).Status));
    }

    [Fact]
    public async Task Only_where_nothing_but_answers_is_missing_people_are_waited_for()
    {
        using var cluster = new Cluster(Kind.Sqlite, Asking(out var desk));
        desk.Value = Desk(cluster);
        var id = await cluster.StartAsync(Flow());
        Task<IReadOnlyList<PeopleWait>> People() => PeopleWaits.OfAsync(cluster.Store, desk.Value, id, cluster.Time.GetUtcNow(), default);

        var before = await People();
        await WorkAsync(cluster);
        var waiting = await People();
        var open = await desk.Value.OpenAsync(null, default);
        await desk.Value.TakeAsync([.. open.Select(q => Answer(q.Item, "ann"))], default);
        var half = await People();
        await desk.Value.TakeAsync([.. open.Select(q => Answer(q.Item, "bob"))], default);
        var answered = await People();

        Assert.Empty(before);
        Assert.Equal([new PeopleWait(id, "ask", 0, 4)], waiting);
        Assert.Equal([new PeopleWait(id, "ask", 2, 2)], half);
        Assert.Empty(answered);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Of_a_request_that_is_closed_early_nothing_is_open_and_a_later_answer_is_surplus(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var desk = Desk(cluster);
        await desk.PutAsync(Request("r", each: 2), default);
        await desk.PutAsync(Request("s"), default);
        var (open, queue) = (await desk.OpenAsync(null, default), new LabelingQueue(cluster.Store.Database, cluster.Time, new Pulse()));
        var inHand = Assert.Single(await queue.AssignAsync("bob", 1, ["preference"], default));
        await desk.TakeAsync([Answer(open[0].Item, "ann")], default);

        await desk.CloseAsync("r", default);
        await desk.CloseAsync("r", default);
        var late = await queue.AnswerAsync("bob", new("k", inHand.Item, Choice.B, 1), default);
        var byFile = await desk.TakeAsync([Answer(open[0].Item, "cem"), Answer(open[1].Item, "ann"), Answer(open[0].Item, "ann")], default);

        Assert.Equal(open[0].Item, inHand.Item);
        Assert.Equal(AnswerFate.Surplus, late);
        Assert.Equal(new DeskReceipt(0, 1, 0, 2), byFile);
        var progress = await desk.ProgressAsync("r", default);
        Assert.Equal(("ann", 3), (Assert.Single(progress.Judgements).Labeler, progress.Missing));
        Assert.Equal([open[2].Item, open[3].Item], (await desk.OpenAsync(null, default)).Select(q => q.Item));
        Assert.Equal([open[2].Item], (await queue.AssignAsync("dee", 1, ["preference"], default)).Select(a => a.Item));
        Assert.Equal("There is no request 'other' on this store's desk.", (await Assert.ThrowsAsync<ArgumentException>(() => desk.CloseAsync("other", default))).Message);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task An_answer_that_meets_the_closing_counts_before_it_or_not_at_all(Kind kind)
    {
        using var cluster = new Cluster(kind);
        await Desk(cluster).PutAsync(Request("r", questions: 20), default);
        var items = (await Desk(cluster).OpenAsync(null, default)).Select(q => q.Item).ToList();

        var answers = items.Select(item => Task.Run(async () => (await Desk(cluster).TakeAsync([Answer(item, "ann")], default)).Taken)).ToList();
        var closed = Task.Run(async () =>
        {
            await Desk(cluster).CloseAsync("r", default);
            return (await Desk(cluster).ProgressAsync("r", default)).Judgements.Count;
        });
        var taken = (await Task.WhenAll(answers)).Sum();

        Assert.Equal(taken, await closed);
        Assert.Equal(taken, (await Desk(cluster).ProgressAsync("r", default)).Judgements.Count);
    }

    [Fact]
    public async Task Where_the_time_of_a_waiting_step_has_come_it_is_not_people_who_are_waited_for()
    {
        using var cluster = new Cluster(Kind.Sqlite, Asking(out var desk));
        desk.Value = Desk(cluster);
        var id = await StartAndAskAsync(cluster);

        var before = await PeopleWaits.OfAsync(cluster.Store, desk.Value, id, cluster.Time.GetUtcNow(), default);
        cluster.Time.Advance(DeskLabeler.LookAgain);

        Assert.Single(before);
        Assert.Empty(await PeopleWaits.OfAsync(cluster.Store, desk.Value, id, cluster.Time.GetUtcNow(), default));
    }

    [Fact]
    public async Task Questions_of_a_cancelled_instance_are_no_longer_asked_and_their_answers_still_kept()
    {
        using var cluster = new Cluster(Kind.Sqlite, Asking(out var desk));
        desk.Value = Desk(cluster);
        var id = await StartAndAskAsync(cluster);
        var open = await desk.Value.OpenAsync(null, default);

        await cluster.Transitions.ApplyAsync(id, (_, _, now) => new Cancelled(now), default);

        Assert.Empty(await desk.Value.OpenAsync(null, default));
        Assert.Equal(1, (await desk.Value.TakeAsync([Answer(open[0].Item, "ann")], default)).Taken);
    }

    sealed class Later
    {
        public LabelingDesk Value { get; set; } = null!;
    }

    /// <summary>A step that asks two labelers each of two questions, as CollectJudgements does.</summary>
    static FakeStep Asking(out Later desk)
    {
        var later = desk = new();
        return new("Ask", async (_, execution, cancellationToken) =>
        {
            var labeler = new DeskLabeler(() => later.Value, new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Some.Time));
            var request = Request($"{execution.Instance}/{execution.Activity}", each: 2, instance: execution.Instance);
            await labeler.AskAsync(request, cancellationToken);
            var progress = await labeler.CollectAsync(request, Some.Time, cancellationToken);
            return progress.NextAnswerAt is { } next
                ? new StepResult.Waiting([], next, $"{progress.Pending} judgements have not come yet") { Events = progress.Events }
                : FakeStep.Done($"{progress.Judgements.Count} judgements");
        });
    }

    static async Task<string> StartAndAskAsync(Cluster cluster)
    {
        var id = await cluster.StartAsync(Flow());
        await WorkAsync(cluster);
        Assert.Equal(WorkflowStatus.Suspended, (await cluster.StateAsync(id)).Status);
        return id;
    }

    static FlowBuilder Flow() =>
        new FlowBuilder().Output("result").Add("ask", "Rlhf.Ask", ("text", FlowBuilder.Literal("x")), ("result", FlowBuilder.ToVariable("result")));

    /// <summary>Lets the driver and a worker do what there is to do.</summary>
    static async Task WorkAsync(Cluster cluster)
    {
        using var worker = cluster.Worker();
        await cluster.TickAsync();
        foreach (var (_, key) in cluster.Carried.ToList()) await worker.RunAsync(key);
        await cluster.TickAsync();
    }
}
