using System.Text.Json.Nodes;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Jobs;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

/// <summary>Events and children: what instances tell one another through the store.</summary>
public sealed class MessageTests
{
    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task One_event_wakes_everyone_who_waits_for_it_once(Kind kind)
    {
        using var cluster = new Cluster(kind);
        string[] ids = [await cluster.StartAsync(Waiting()), await cluster.StartAsync(Waiting())];

        await SendAsync(cluster, "answered", new JsonObject { ["n"] = 3 });
        await cluster.TickAsync();
        await cluster.TickAsync();

        foreach (var id in ids)
        {
            Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
            Assert.Single(await cluster.Store.EventsAsync(id, default), e => e is EventReceived);
        }
        Assert.Empty(await cluster.Store.MessagesAsync(0, default));
    }

    [Fact]
    public async Task An_event_that_nobody_waits_for_is_kept_for_a_minute()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        await SendAsync(cluster, "answered");
        await cluster.TickAsync();

        cluster.Time.Advance(TimeSpan.FromSeconds(59));
        var soon = await cluster.StartAsync(Waiting());
        await cluster.TickAsync();
        await SendAsync(cluster, "answered");
        await cluster.TickAsync();
        cluster.Time.Advance(TimeSpan.FromSeconds(61));
        await cluster.TickAsync();
        var late = await cluster.StartAsync(Waiting());
        await cluster.TickAsync();

        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(soon)).Status);
        Assert.Equal(WorkflowStatus.Suspended, (await cluster.StateAsync(late)).Status);
    }

    [Fact]
    public async Task An_event_for_one_instance_is_kept_until_that_instance_waits_for_it()
    {
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work"));
        var flow = Waiting().Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x"))).Connect("work", "wait");
        var id = await cluster.StartAsync(flow);
        await SendAsync(cluster, "answered", instance: id);
        await cluster.TickAsync();
        cluster.Time.Advance(TimeSpan.FromDays(1));
        await cluster.TickAsync();

        using var worker = cluster.Worker();
        await worker.RunAsync(cluster.Carried[0].Key);
        await cluster.TickAsync();

        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_dispatched_child_ends_and_its_parent_goes_on_with_its_outputs(Kind kind)
    {
        using var cluster = new Cluster(kind, new FakeStep("Work"));
        await cluster.StartAsync(Child()); // publishes it
        var parent = await cluster.StartAsync(Parent());
        await cluster.TickAsync();
        using var worker = cluster.Worker();

        foreach (var job in cluster.Carried.ToList()) await worker.RunAsync(job.Key);
        await cluster.TickAsync();

        var state = await cluster.StateAsync(parent);
        Assert.Equal(WorkflowStatus.Finished, state.Status);
        var child = Assert.Single(await cluster.Store.ListAsync(new() { Parent = parent }, default));
        Assert.Equal(("child", WorkflowStatus.Finished), (child.DefinitionId, child.Status));
    }

    [Fact]
    public async Task A_parent_whose_child_failed_is_tried_again_with_that_child()
    {
        var broken = true;
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work", (_, _) => broken ? new StepResult.Failed("the disk is full", false) : FakeStep.Done("fine")));
        await cluster.StartAsync(Child());
        cluster.Carried.Clear();
        var parent = await cluster.StartAsync(Parent());
        await RunAllAsync(cluster);

        var faulted = await cluster.StateAsync(parent);
        broken = false;
        await cluster.Transitions.ApplyAsync(parent, (_, _, now) => new Retried(now), default);
        await RunAllAsync(cluster);

        Assert.Equal(WorkflowStatus.Faulted, faulted.Status);
        Assert.Contains("the disk is full", faulted.Incidents.Single().Reason, StringComparison.Ordinal);
        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(parent)).Status);
        Assert.Single(await cluster.Store.ListAsync(new() { Parent = parent }, default));
    }

    [Fact]
    public async Task A_child_is_cancelled_with_its_parent()
    {
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work"));
        await cluster.StartAsync(Child());
        var parent = await cluster.StartAsync(Parent());
        await cluster.TickAsync();

        await cluster.Transitions.ApplyAsync(parent, (_, _, now) => new Cancelled(now), default);
        await cluster.TickAsync();

        Assert.Equal(WorkflowStatus.Cancelled, Assert.Single(await cluster.Store.ListAsync(new() { Parent = parent }, default)).Status);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_workflow_that_dispatches_itself_for_ever_comes_to_an_end(bool wait)
    {
        using var cluster = new Cluster(Kind.Sqlite);
        await cluster.StartAsync(Parent("some-flow", wait));

        await cluster.TickAsync();

        var all = await cluster.Store.ListAsync(new(), default);
        Assert.Equal(33, all.Count);
        var deepest = all.Single(i => all.All(child => child.Parent != i.Id));
        Assert.Equal("instances dispatch one another more than 32 deep; does 'some-flow' dispatch itself?", deepest.Incident!.Reason);
        Assert.Equal(wait ? 33 : 1, all.Count(i => i.Status == WorkflowStatus.Faulted));
    }

    [Fact]
    public async Task A_child_that_is_not_published_is_a_fault_that_names_it()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var id = await cluster.StartAsync(Parent("nobody"));

        await cluster.TickAsync();

        Assert.Equal("there is no published workflow 'nobody' in this store", (await cluster.StateAsync(id)).Incidents.Single().Reason);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Of_a_singleton_one_instance_is_open_at_a_time(Kind kind)
    {
        using var cluster = new Cluster(kind);
        var flow = Waiting();
        flow.Options["activationStrategyType"] = "Elsa.Workflows.ActivationValidators.SingletonStrategy, Elsa.Workflows.Core";
        var first = await cluster.StartAsync(flow);

        var error = await Assert.ThrowsAsync<SingletonException>(() => cluster.StartAsync(flow));
        await SendAsync(cluster, "answered");
        await cluster.TickAsync();
        var second = await cluster.StartAsync(flow);

        Assert.Equal($"'some-flow' allows one open instance only, and {first} is open.", error.Message);
        Assert.Equal(WorkflowStatus.Suspended, (await cluster.StateAsync(second)).Status);
    }

    [Fact]
    public async Task More_events_that_nobody_takes_than_a_page_holds_do_not_keep_back_the_others()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var id = await cluster.StartAsync(Waiting());
        for (var i = 0; i < 600; i++) await SendAsync(cluster, "mistyped", instance: id);

        await SendAsync(cluster, "answered");
        await cluster.TickAsync();

        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
        await cluster.TickAsync();
        Assert.Empty(await cluster.Store.MessagesAsync(0, default));
    }

    [Fact]
    public async Task An_instance_that_cannot_be_read_does_not_stop_the_others()
    {
        using var cluster = new Cluster(Kind.Sqlite);
        var broken = await cluster.StartAsync(Waiting());
        await cluster.StartAsync(Waiting());
        await using (var db = cluster.Store.Database.Connect())
            await Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.ExecuteSqlAsync(db.Database, $"UPDATE Instances SET State = 'nonsense' WHERE Id = {broken}");

        await SendAsync(cluster, "answered");
        await cluster.TickAsync();
        await cluster.TickAsync();

        Assert.StartsWith($"Instance {broken} stands still: ", Assert.Single(cluster.Troubles), StringComparison.Ordinal);
        Assert.Single(await cluster.Store.ListAsync(new() { Status = WorkflowStatus.Finished }, default));
    }

    static async Task RunAllAsync(Cluster cluster)
    {
        using var worker = cluster.Worker();
        await cluster.TickAsync();
        foreach (var job in cluster.Carried.ToList()) await worker.RunAsync(job.Key);
        await cluster.TickAsync();
    }

    static Task SendAsync(Cluster cluster, string name, JsonNode? payload = null, string? instance = null) =>
        cluster.Store.SendAsync(Messages.Of(MessageKind.Event, instance, new EventMessage(name, payload, instance is not null), cluster.Time.GetUtcNow()), default);

    static FlowBuilder Waiting() => new FlowBuilder().Add("wait", "Elsa.Event", ("eventName", FlowBuilder.Literal("answered")));

    static FlowBuilder Child() => new FlowBuilder { Id = "child" }.Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")));

    static FlowBuilder Parent(string child = "child", bool wait = true) => new FlowBuilder().Add(
        "dispatch", "Elsa.DispatchWorkflow", ("workflowDefinitionId", FlowBuilder.Literal(child)), ("waitForCompletion", FlowBuilder.Literal(wait)));
}
