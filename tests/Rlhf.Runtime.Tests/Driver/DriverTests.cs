using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests;

public sealed class DriverTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly FakeTimeProvider _time = new(Some.Time);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_instance_runs_to_its_end_with_outputs_and_seconds_in_its_log()
    {
        var work = new FakeStep("Work", (inputs, _) =>
        {
            _time.Advance(TimeSpan.FromSeconds(3));
            return FakeStep.Done(inputs.Text + "!");
        });
        await using var runtime = Open(work);

        var id = await runtime.StartAsync(File(Line()), new() { ["text"] = "hello" });
        var result = await runtime.RunAsync(id);

        Assert.Equal((WorkflowStatus.Finished, "hello!"), (result.Status, (string?)result.Outputs["result"]));
        var done = (await runtime.LogAsync(id)).Single(l => l is { Execution: "work", Event: LogEvent.Completed });
        Assert.Equal(("hello!", 3.0), ((string?)done.Outputs!["result"], done.Seconds));
        Assert.Equal("hello", (string?)(await runtime.LogAsync(id)).Single(l => l is { Execution: "work", Event: LogEvent.Started }).Inputs!["text"]);
    }

    [Fact]
    public async Task A_step_that_waits_holds_no_one_and_goes_on_with_its_state_at_the_deadline()
    {
        var ask = new FakeStep("Work", (_, execution) => execution.State is null
            ? new StepResult.Waiting(new() { ["asked"] = 5 }, _time.GetUtcNow().AddHours(2), "3 of 5 judgements are missing")
            : FakeStep.Done($"{execution.State["asked"]} asked"));
        await using var runtime = Open(ask);
        var id = await runtime.StartAsync(File(Line()), new() { ["text"] = "x" });

        var running = runtime.RunAsync(id);
        var waiting = await WaitFor(async () => await runtime.GetAsync(id), i => i.Summary.Status == WorkflowStatus.Suspended);
        _time.Advance(TimeSpan.FromHours(1));
        var runsBefore = ask.Runs.Count;
        _time.Advance(TimeSpan.FromHours(1));
        var result = await running;

        Assert.Equal(("3 of 5 judgements are missing", Some.Time.AddHours(2)), (waiting.Open.Single().WaitsFor, waiting.Open.Single().WakeAt));
        Assert.Equal(1, runsBefore);
        Assert.Equal(["work", "work"], ask.Executions);
        Assert.Equal("5 asked", (string?)result.Outputs["result"]);
        Assert.Equal(
            [LogEvent.Started, LogEvent.Waiting, LogEvent.Resumed, LogEvent.Completed],
            (await runtime.LogAsync(id)).Where(l => l.Execution == "work").Select(l => l.Event));
    }

    [Fact]
    public async Task A_wait_outlives_the_process()
    {
        var ask = new FakeStep("Work", (_, execution) => execution.State is null
            ? new StepResult.Waiting(new() { ["asked"] = 5 }, _time.GetUtcNow().AddHours(2), "people are asked") : FakeStep.Done("answered"));
        string id;
        await using (var first = Open(ask))
        {
            id = await first.StartAsync(File(Line()), new() { ["text"] = "x" });
            using var stop = new CancellationTokenSource();
            var running = first.RunAsync(id, null, stop.Token);
            await WaitFor(async () => await first.GetAsync(id), i => i.Summary.Status == WorkflowStatus.Suspended);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        _time.Advance(TimeSpan.FromHours(3));
        await using var second = Open(ask);
        var result = await second.RunAsync(id);

        Assert.Equal(WorkflowStatus.Finished, result.Status);
        Assert.Equal(2, ask.Runs.Count);
    }

    [Fact]
    public async Task A_failure_that_may_pass_is_tried_again_and_forgotten()
    {
        var failures = 2;
        var flaky = new FakeStep("Work", (_, _) => failures-- > 0 ? throw new IOException("the store did not answer") : FakeStep.Done("late"));
        await using var runtime = Open(flaky);
        var id = await runtime.StartAsync(File(Line()), new() { ["text"] = "x" });

        var running = runtime.RunAsync(id);
        while (!running.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(WorkflowStatus.Finished, (await running).Status);
        var log = await runtime.LogAsync(id);
        Assert.Equal(["the store did not answer", "the store did not answer"], log.Where(l => l.Event == LogEvent.Retrying).Select(l => l.Message));
        Assert.Equal(["work", "work", "work"], flaky.Executions);
    }

    [Fact]
    public async Task A_failure_for_good_faults_at_once_and_a_retry_runs_exactly_that_step_again()
    {
        var broken = true;
        var first = new FakeStep("Work");
        var second = new FakeStep("Other", (_, _) => broken ? throw new InvalidDataException("the weights hold NaN") : FakeStep.Done("fine"));
        await using var runtime = Open(first, second);
        var flow = new FlowBuilder().Output("result").Add("first", "Rlhf.Work", ("text", FlowBuilder.Literal("x")))
            .Add("second", "Rlhf.Other", ("text", FlowBuilder.Literal("x")), ("result", FlowBuilder.ToVariable("result"))).Connect("first", "second");
        var id = await runtime.StartAsync(File(flow), []);

        var faulted = await runtime.RunAsync(id);
        broken = false;
        await runtime.RetryAsync(id);
        var result = await runtime.RunAsync(id);

        Assert.Equal((WorkflowStatus.Faulted, "second", "the weights hold NaN"), (faulted.Status, faulted.Incident!.Activity, faulted.Incident.Reason));
        Assert.Equal((WorkflowStatus.Finished, "fine"), (result.Status, (string?)result.Outputs["result"]));
        Assert.Null(result.Incident);
        Assert.Single(first.Runs);
        Assert.Equal(["second", "second"], second.Executions);
    }

    [Fact]
    public async Task An_exception_that_no_step_should_throw_is_the_reason_of_a_fault()
    {
        await using var runtime = Open(new FakeStep("Work", (_, _) => throw new NotSupportedException("a bug")));
        var id = await runtime.StartAsync(File(Line()), new() { ["text"] = "x" });

        var result = await runtime.RunAsync(id);

        Assert.Equal("NotSupportedException: a bug", result.Incident!.Reason);
    }

    [Fact]
    public async Task An_engine_that_is_stopped_hands_its_step_back_and_the_next_one_goes_on()
    {
        using var stop = new CancellationTokenSource();
        var stopped = 0;
        var slow = new FakeStep("Work", async (_, _, cancellationToken) =>
        {
            if (stopped++ > 0) return FakeStep.Done("done");
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return FakeStep.Done("never");
        });
        string id;
        await using (var first = Open(slow))
        {
            id = await first.StartAsync(File(Line()), new() { ["text"] = "x" });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.RunAsync(id, null, stop.Token));
        }

        await using var second = Open(slow);
        var open = await second.GetAsync(id);
        var result = await second.RunAsync(id);

        Assert.Equal(WorkflowStatus.Running, open.Summary.Status);
        Assert.Equal((null, 0), (open.Steps.Single().Worker, open.Steps.Single().Lost));
        Assert.Equal("done", (string?)result.Outputs["result"]);
        Assert.Equal(["work", "work"], slow.Executions);
        Assert.True(slow.Runs[1].Epoch > slow.Runs[0].Epoch);
    }

    [Fact]
    public async Task A_cancelled_instance_stops_its_step_and_runs_nothing_more()
    {
        var began = new TaskCompletionSource();
        var slow = new FakeStep("Work", async (_, _, cancellationToken) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return FakeStep.Done("never");
        });
        await using var runtime = Open(slow);
        var id = await runtime.StartAsync(File(Line()), new() { ["text"] = "x" });

        var running = runtime.RunAsync(id);
        await began.Task;
        await runtime.CancelAsync(id);
        var result = await running;

        Assert.Equal(WorkflowStatus.Cancelled, result.Status);
        Assert.Null(await runtime.FindOpenAsync("some-flow"));
        await Assert.ThrowsAsync<ArgumentException>(() => runtime.RetryAsync(id));
    }

    [Fact]
    public async Task All_open_instances_run_and_those_that_wait_do_not_hold_up_the_others()
    {
        var work = new FakeStep("Work", (inputs, execution) => inputs.Text == "slow" && execution.State is null
            ? new StepResult.Waiting([], _time.GetUtcNow().AddHours(1), "slow") : FakeStep.Done(inputs.Text));
        await using var runtime = Open(work);
        var file = File(Line());
        var slow = await runtime.StartAsync(file, new() { ["text"] = "slow" });
        _time.Advance(TimeSpan.FromSeconds(1));
        var quick = await runtime.StartAsync(file, new() { ["text"] = "quick" });

        var running = runtime.RunOpenAsync();
        await WaitFor(async () => await runtime.GetAsync(quick), i => i.Summary.Status == WorkflowStatus.Finished);
        var slowThen = (await runtime.GetAsync(slow)).Summary.Status;
        _time.Advance(TimeSpan.FromHours(1));
        var results = await running;

        Assert.Equal(WorkflowStatus.Suspended, slowThen);
        Assert.Equal(["slow", "quick"], results.Select(r => (string?)r.Outputs["result"]));
    }

    [Fact]
    public async Task A_second_driver_is_refused_by_name_and_can_still_read_and_start()
    {
        await using var first = Open(new FakeStep("Work"));
        var id = await first.StartAsync(File(Line()), new() { ["text"] = "x" });
        await first.RunAsync(id);
        await using var second = Open(new FakeStep("Work"));

        var error = await Assert.ThrowsAsync<DriverBusyException>(() => second.DriveAsync());
        var another = await second.StartAsync(File(Line()), new() { ["text"] = "y" });

        Assert.Equal(
            $"The store '{_folder.Path}' is driven by process {Environment.ProcessId} on {Environment.MachineName} since 2025-03-01 12:00:00Z; "
            + "only one process may drive a store.", error.Message);
        Assert.Equal([another, id], (await second.ListAsync()).OrderBy(i => i.Status == WorkflowStatus.Finished).Select(i => i.Id));
    }

    [Fact]
    public async Task The_lock_ends_with_its_holder()
    {
        await using (var first = Open(new FakeStep("Work")))
        {
            var id = await first.StartAsync(File(Line()), new() { ["text"] = "x" });
            await first.RunAsync(id);
        }

        await using var second = Open(new FakeStep("Work"));
        var open = await second.RunOpenAsync();

        Assert.Empty(open);
    }

    [Fact]
    public async Task A_workflow_with_findings_is_not_started()
    {
        await using var runtime = Open(new FakeStep("Work"));
        var file = File(Line().Connect("work", "nowhere"));

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => runtime.StartAsync(file, new() { ["text"] = "x" }));

        Assert.Equal($"{file}: activity 'work': a connection leads to 'nowhere', which is not there", error.Message);
        Assert.Empty(await runtime.ListAsync());
    }

    [Fact]
    public async Task An_instance_stays_with_the_version_it_was_started_on()
    {
        await using var runtime = Open(new FakeStep("Work"));
        var first = await runtime.StartAsync(File(Line()), new() { ["text"] = "x" });
        var same = await runtime.StartAsync(File(Line()), new() { ["text"] = "x" });
        var changed = await runtime.StartAsync(File(Line().Line("more").Connect("work", "more")), new() { ["text"] = "x" });

        await runtime.RunOpenAsync();

        var versions = (await runtime.ListAsync()).ToDictionary(i => i.Id, i => i.DefinitionVersion);
        Assert.Equal((1, 1, 2), (versions[first], versions[same], versions[changed]));
        Assert.Equal(["work"], Some.Ran(await runtime.LogAsync(first)));
        Assert.Equal(["work", "more"], Some.Ran(await runtime.LogAsync(changed)));
    }

    [Fact]
    public async Task Who_started_an_instance_is_known_to_its_steps_and_to_those_of_the_instances_it_dispatches()
    {
        var work = new FakeStep("Work");
        await using var runtime = Open(work);
        await runtime.PublishAsync(_folder.File("line.json", Line("line").Build().ToJsonString()));
        var parent = new FlowBuilder { Id = "parent" }.Add("dispatch", "Elsa.DispatchWorkflow", ("workflowDefinitionId", FlowBuilder.Literal("line")),
            ("input", FlowBuilder.Script("({ text: 'x' })")), ("waitForCompletion", FlowBuilder.Literal(true)));

        await runtime.RunAsync(await runtime.StartAsync(File(parent), [], "ruth", CancellationToken.None));
        await runtime.RunAsync(await runtime.StartAsync(File(Line()), new() { ["text"] = "x" }));

        Assert.Equal(["ruth", null], work.Runs.Select(r => r.StartedBy));
        Assert.Equal([null, "ruth", "ruth"], (await runtime.ListAsync()).Select(i => i.StartedBy).Order(StringComparer.Ordinal));
        var records = await new StepRecords(new Rlhf.Steps.Artifacts.FolderObjectStore(_folder.Path)).ListAsync(CancellationToken.None);
        Assert.Equal([null, "ruth"], records.Select(r => r.StartedBy).Order(StringComparer.Ordinal));
    }

    static FlowBuilder Line(string id = "some-flow") => new FlowBuilder { Id = id }.Input("text").Output("result")
        .Add("work", "Rlhf.Work", ("text", FlowBuilder.Script("getText()")), ("result", FlowBuilder.ToVariable("result")));

    // The lease is measured with the tests' clock, which jumps.
    WorkflowRuntime Open(params IStep[] steps) =>
        new(new RuntimeOptions(_folder.Path) { Lease = TimeSpan.FromDays(1000), Drain = TimeSpan.FromMilliseconds(100) }, Some.Runner(_folder.Path, _time, steps), _time);

    string File(FlowBuilder flow) => _folder.File("some.json", flow.Build().ToJsonString());

    // Real time only bounds how long a broken test hangs.
    static async Task<T> WaitFor<T>(Func<Task<T>> ask, Func<T, bool> until)
    {
        for (var i = 0; i < 3000; i++)
        {
            var value = await ask();
            if (until(value)) return value;
            await Task.Delay(10);
        }
        throw new TimeoutException("It did not come about within 30 s.");
    }
}
