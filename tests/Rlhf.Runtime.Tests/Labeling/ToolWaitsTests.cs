using System.Text.Json.Nodes;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Jobs;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

/// <summary>Instances that wait for people in another program.</summary>
public sealed class ToolWaitsTests
{
    static readonly string Event = LabelingTools.EventOf(LabelingTools.Argilla);

    int _answered;

    // Waits as CollectJudgements does, until two answers have come.
    FakeStep Asking() => new("Ask", (_, _, _) => Task.FromResult<StepResult>(_answered == 2 ? FakeStep.Done("2 judgements")
        : new StepResult.Waiting(new JsonObject { ["place"] = "Argilla, dataset 'd'", ["judged"] = _answered, ["missing"] = 2 - _answered }, Some.Time + TimeSpan.FromMinutes(1), "not yet") { Events = [Event] }));

    static async Task<string> StartAsync(Cluster cluster)
    {
        var id = await cluster.StartAsync(new FlowBuilder().Output("result").Add("ask", "Rlhf.Ask", ("text", FlowBuilder.Literal("x")), ("result", FlowBuilder.ToVariable("result"))));
        await WorkAsync(cluster);
        return id;
    }

    static async Task WorkAsync(Cluster cluster)
    {
        using var worker = cluster.Worker();
        await cluster.TickAsync();
        foreach (var (_, key) in cluster.Carried.ToList()) await worker.RunAsync(key);
        await cluster.TickAsync();
    }

    static Task SendAsync(Cluster cluster, string? instance) =>
        cluster.Store.SendAsync(Messages.Of(MessageKind.Event, instance, new EventMessage(Event, new JsonObject(), Kept: instance is not null), cluster.Time.GetUtcNow()), default);

    [Fact]
    public async Task They_say_where_the_questions_are_and_are_not_called_waiting_while_they_are_to_look_there()
    {
        using var cluster = new Cluster(Kind.Sqlite, Asking());
        var desk = new LabelingDesk(cluster.Store.Database, cluster.Time, new Pulse());
        var id = await StartAsync(cluster);
        Task<IReadOnlyList<PeopleWait>> People() => PeopleWaits.OfAsync(cluster.Store, desk, id, cluster.Time.GetUtcNow(), default);

        var waiting = await People();
        await SendAsync(cluster, id);
        var asked = await People();
        _answered = 1;
        await WorkAsync(cluster);
        var looked = await People();

        Assert.Equal([new PeopleWait(id, "ask", 0, 2) { Place = "Argilla, dataset 'd'", Event = Event }], waiting);
        Assert.Empty(asked);
        Assert.Equal([new PeopleWait(id, "ask", 1, 1) { Place = "Argilla, dataset 'd'", Event = Event }], looked);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task One_event_for_all_wakes_every_instance_once_and_one_that_comes_again_does_no_harm(Kind kind)
    {
        using var cluster = new Cluster(kind, Asking());
        var (first, second) = (await StartAsync(cluster), await StartAsync(cluster));
        await SendAsync(cluster, null);
        await SendAsync(cluster, null);
        await WorkAsync(cluster);
        var before = (await cluster.StateAsync(first)).Status;

        _answered = 2;
        await SendAsync(cluster, null);
        for (var i = 0; i < 3; i++) await WorkAsync(cluster);

        Assert.Equal(WorkflowStatus.Suspended, before);
        Assert.Equal((WorkflowStatus.Finished, WorkflowStatus.Finished), ((await cluster.StateAsync(first)).Status, (await cluster.StateAsync(second)).Status));
    }

    [Fact]
    public async Task Without_any_event_they_look_again_when_their_time_has_come()
    {
        using var cluster = new Cluster(Kind.Sqlite, Asking());
        var id = await StartAsync(cluster);
        _answered = 2;
        await WorkAsync(cluster);
        var before = (await cluster.StateAsync(id)).Status;
        cluster.Time.Advance(TimeSpan.FromMinutes(1));
        await WorkAsync(cluster);

        Assert.Equal((WorkflowStatus.Suspended, WorkflowStatus.Finished), (before, (await cluster.StateAsync(id)).Status));
    }
}
