using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Jobs;

public sealed class StepWorkerTests
{
    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_worker_that_is_not_heard_of_loses_its_step_and_its_answer_is_refused(Kind kind)
    {
        var (began, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = new FakeStep("Work", async (_, _, _) =>
        {
            began.SetResult();
            await goOn.Task;
            return FakeStep.Done("from the first");
        });
        using var cluster = new Cluster(kind, slow);
        var id = await cluster.StartAsync(Line());
        await cluster.TickAsync();
        // A worker whose beats do not reach the store: it has one of its own that it can be cut off from.
        var first = (await cluster.Store.ClaimAsync(cluster.Carried.Single().Key, "first", Some.Time, default))!;

        await cluster.LoseAsync();
        using var second = cluster.Worker(new FakeStep("Work", (_, _) => FakeStep.Done("from the second")));
        await second.RunAsync(cluster.Carried[^1].Key);
        var refused = await cluster.Store.AnswerAsync(
            new(id, "work", first.Epoch), new StepCompleted(Some.Time, "work", new() { ["result"] = "from the first" }, "Done").ToText(), default);
        await cluster.TickAsync();

        Assert.False(refused);
        Assert.Equal(first.Epoch + 1, cluster.Carried[^1].Key.Epoch);
        var state = await cluster.StateAsync(id);
        Assert.Equal((WorkflowStatus.Finished, "from the second"), (state.Status, (string?)state.Outputs["result"]));
        Assert.Contains("nothing was heard of its worker first for 30 s", Assert.Single(cluster.Troubles), StringComparison.Ordinal);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_worker_that_was_taken_over_stops_when_it_hears_of_it_and_says_nothing(Kind kind)
    {
        var began = new TaskCompletionSource();
        var stopped = false;
        var slow = new FakeStep("Work", async (_, _, cancellationToken) =>
        {
            began.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                stopped = true;
            }
            return FakeStep.Done("never");
        });
        using var cluster = new Cluster(kind, slow);
        var id = await cluster.StartAsync(Line());
        await cluster.TickAsync();
        using var first = cluster.Worker();
        var running = first.RunAsync(cluster.Carried.Single().Key);
        await began.Task;

        Assert.True(await cluster.Store.RequeueAsync(cluster.Carried.Single().Key, beat: null, default));
        await running;

        Assert.True(stopped);
        var job = await cluster.JobAsync();
        Assert.Equal((JobStatus.Queued, cluster.Carried[0].Key.Epoch + 1), (job.Status, job.Epoch));
        Assert.Equal(WorkflowStatus.Running, (await cluster.StateAsync(id)).Status);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Of_two_workers_that_are_brought_the_same_job_one_runs_it(Kind kind)
    {
        var work = new FakeStep("Work");
        using var cluster = new Cluster(kind, work);
        var id = await cluster.StartAsync(Line());
        await cluster.TickAsync();
        using var first = cluster.Worker();
        using var second = cluster.Worker();
        var key = cluster.Carried.Single().Key;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? first : second).RunAsync(key)));
        await cluster.TickAsync();

        Assert.Single(work.Runs);
        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_cancelled_instance_stops_its_step_on_another_worker_and_leaves_no_job(Kind kind)
    {
        var began = new TaskCompletionSource();
        var slow = new FakeStep("Work", async (_, _, cancellationToken) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return FakeStep.Done("never");
        });
        using var cluster = new Cluster(kind, slow);
        var id = await cluster.StartAsync(Line());
        await cluster.TickAsync();
        using var worker = cluster.Worker();
        var running = worker.RunAsync(cluster.Carried.Single().Key);
        await began.Task;

        await cluster.Transitions.ApplyAsync(id, (_, _, now) => new Cancelled(now), default);
        await running;
        await cluster.TickAsync();

        Assert.Equal(WorkflowStatus.Cancelled, (await cluster.StateAsync(id)).Status);
        Assert.Empty(await cluster.Store.JobsAsync(null, default));
    }

    [Fact]
    public async Task A_worker_that_is_drained_hands_its_step_over_without_using_up_an_attempt()
    {
        var began = new TaskCompletionSource();
        var slow = new FakeStep("Work", async (_, _, cancellationToken) =>
        {
            began.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return FakeStep.Done("never");
        });
        using var cluster = new Cluster(Kind.Sqlite, slow);
        var id = await cluster.StartAsync(Line());
        await cluster.TickAsync();
        using var worker = cluster.Worker();
        var running = worker.RunAsync(cluster.Carried.Single().Key);
        await began.Task;

        await worker.DrainAsync(TimeSpan.FromMilliseconds(50));
        await running;

        var job = await cluster.JobAsync();
        Assert.Equal((JobStatus.Queued, 0, cluster.Carried[0].Key.Epoch + 1), (job.Status, job.Lost, job.Epoch));
        Assert.Equal(0, (await cluster.StateAsync(id)).Find("work").FailedAttempts);
    }

    [Fact]
    public async Task A_step_that_loses_one_worker_after_the_other_is_a_fault_with_that_reason()
    {
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work"));
        var id = await cluster.StartAsync(Line());

        for (var i = 0; i < 5; i++)
        {
            await cluster.TickAsync();
            await cluster.Store.ClaimAsync(cluster.Carried[^1].Key, $"worker {i}", Some.Time, default);
            await cluster.LoseAsync();
        }
        await cluster.TickAsync();

        var state = await cluster.StateAsync(id);
        Assert.Equal((WorkflowStatus.Faulted, "5 workers were lost in it, one after the other, and it got no further"), (state.Status, state.Incidents.Single().Reason));
        Assert.Empty(await cluster.Store.JobsAsync(null, default));
    }

    [Fact]
    public async Task What_an_embedded_worker_held_when_its_driver_died_is_taken_over_at_once()
    {
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work"));
        await cluster.StartAsync(Line());
        await cluster.TickAsync();
        await cluster.Store.ClaimAsync(cluster.Carried.Single().Key, "engine some-host/1/abc", Some.Time, default);

        cluster.Restart();
        await cluster.Driver.RecoverAsync(othersAreDead: true, default);

        Assert.Equal(JobStatus.Queued, (await cluster.JobAsync()).Status);
    }

    [Fact]
    public async Task A_step_of_another_version_is_asked_about_and_goes_on_when_that_is_accepted()
    {
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work"));
        var id = await cluster.StartAsync(Line());
        // As an instance that another version of the product began: its own steps were at version 3.
        var newer = cluster.Transitions.StepVersions.SetItem("Work", 3);
        await cluster.Transitions.ApplyAsync(id, (_, state, now) => new StepFailed(now, "work", "something", Transient: false), default);
        await cluster.Transitions.ApplyAsync(id, (_, state, now) => new Retried(now) { StepVersions = newer }, default);

        await cluster.TickAsync();
        var asked = await cluster.StateAsync(id);
        await cluster.Transitions.ApplyAsync(id, (_, state, now) => new Retried(now) { StepVersions = cluster.Transitions.StepVersions }, default);
        await cluster.TickAsync();
        using var worker = cluster.Worker();
        await worker.RunAsync(cluster.Carried[^1].Key);
        await cluster.TickAsync();

        Assert.Equal(WorkflowStatus.Faulted, asked.Status);
        Assert.Contains("step Work is at version 1 now, and this instance was begun with 3", asked.Incidents.Single().Reason, StringComparison.Ordinal);
        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task An_answer_of_an_earlier_dispatch_is_not_applied_to_a_later_one(Kind kind)
    {
        var waits = true;
        using var cluster = new Cluster(kind, new FakeStep("Work", (_, _) => waits ? new StepResult.Waiting([], Some.Time, "people") : FakeStep.Done("now")));
        var id = await cluster.StartAsync(Line());
        await cluster.TickAsync();
        using var worker = cluster.Worker();
        var first = cluster.Carried.Single().Key;
        await worker.RunAsync(first);
        await cluster.TickAsync(); // takes the answer, wakes the step, dispatches it again

        // As a driver that read the answer and was stopped for a while does.
        var applied = await cluster.Transitions.ApplyAsync(
            id, (_, _, now) => new StepWaiting(now, "work", [], Some.Time, "people", []), default, job: first);
        waits = false;
        await worker.RunAsync(cluster.Carried[^1].Key);
        await cluster.TickAsync();

        Assert.False(applied);
        Assert.Equal(WorkflowStatus.Finished, (await cluster.StateAsync(id)).Status);
    }

    [Fact]
    public async Task A_job_that_the_carrier_lost_is_carried_again()
    {
        using var cluster = new Cluster(Kind.Sqlite, new FakeStep("Work"));
        await cluster.StartAsync(Line());
        await cluster.TickAsync();
        await cluster.TickAsync();

        cluster.Time.Advance(TimeSpan.FromMinutes(6));
        await cluster.TickAsync();

        Assert.Equal(2, cluster.Carried.Count);
        Assert.Single(cluster.Carried.Distinct());
    }

    [Fact]
    public async Task Progress_is_in_the_store_while_the_step_runs()
    {
        var (reported, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var work = new ReportingStep(reported, goOn);
        using var cluster = new Cluster(Kind.Sqlite, work);
        await cluster.StartAsync(Line());
        await cluster.TickAsync();
        using var worker = cluster.Worker();
        var running = worker.RunAsync(cluster.Carried.Single().Key);
        await reported.Task;

        var job = await cluster.JobAsync();
        for (var i = 0; i < 3000 && job.Fraction == 0; i++)
        {
            await Task.Delay(10);
            job = await cluster.JobAsync();
        }
        goOn.SetResult();
        await running;

        Assert.Equal((0.25, "a quarter"), (job.Fraction, job.Message));
    }

    sealed class ReportingStep(TaskCompletionSource reported, TaskCompletionSource goOn) : IStep
    {
        public StepDescription Description { get; } = new FakeStep("Work").Description;

        public async Task<StepResult> RunAsync(
            System.Text.Json.Nodes.JsonObject inputs, System.Text.Json.Nodes.JsonObject hparams, StepContext context, CancellationToken cancellationToken)
        {
            context.Progress(0.25, "a quarter");
            reported.SetResult();
            await goOn.Task;
            return FakeStep.Done("done");
        }
    }

    static FlowBuilder Line() =>
        new FlowBuilder().Output("result").Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")), ("result", FlowBuilder.ToVariable("result")));
}
