using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Jobs;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Tests.Activities;

/// <summary>One step in a real Elsa: what its activity takes and gives, and what becomes of its answers.</summary>
public sealed class StepActivityTests
{
    [Fact]
    public async Task Inputs_go_to_the_step_by_type_and_outputs_come_back_to_variables()
    {
        await using var world = await FakeWorld.StartAsync();
        var given = new ConcurrentQueue<(StepExecution Execution, JsonObject Values)>();
        world.Work((execution, values, _) =>
        {
            given.Enqueue((execution, values));
            return Task.FromResult(FakeStep.Done());
        });
        await world.PublishAsync("values", new() { ["number"] = FakeWorld.Script("Int32", "40 + 2"), ["share"] = FakeWorld.Literal("Double", "0.75"), ["mode"] = FakeWorld.Literal("String", "loud") });

        var instance = await world.DispatchAsync("values");
        await world.UntilAsync(instance, "Finished");

        var (execution, values) = Assert.Single(given);
        Assert.Equal((instance, "fake", "values"), (execution.Instance, execution.Activity, execution.Workflow));
        Assert.Equal("""{"flag":false,"mode":"loud","number":42,"share":0.75,"text":"hello"}""", Steps.Json.CanonicalJson.ToText(values));
        var variables = await world.VariablesAsync(instance);
        Assert.Equal(("done", "3000000000"), (variables["t"], variables["c"]));
    }

    [Fact]
    public async Task What_is_left_out_or_null_stays_with_the_steps_own_defaults()
    {
        await using var world = await FakeWorld.StartAsync();
        var given = new ConcurrentQueue<JsonObject>();
        world.Work((_, values, _) =>
        {
            given.Enqueue(values);
            return Task.FromResult(FakeStep.Done());
        });
        await world.PublishAsync("defaults", new() { ["number"] = FakeWorld.Script("Int32", "null") });

        await world.UntilAsync(await world.DispatchAsync("defaults"), "Finished");

        Assert.Equal("""{"flag":false,"mode":"plain","share":0.5,"text":"hello"}""", Steps.Json.CanonicalJson.ToText(Assert.Single(given)));
    }

    [Fact]
    public async Task What_is_left_out_comes_from_the_preset_before_the_steps_own_defaults()
    {
        await using var world = await FakeWorld.StartAsync();
        var preset = await new ArtifactStore(new FolderObjectStore(world.Store)).PutAsync(
            "hparams", new Dictionary<string, byte[]> { ["hparams.json"] = """{"Fake":{"share":0.9,"flag":true,"mode":"loud"}}"""u8.ToArray() }, default);
        var given = new ConcurrentQueue<JsonObject>();
        world.Work((_, values, _) =>
        {
            given.Enqueue(values);
            return Task.FromResult(FakeStep.Done());
        });
        await world.PublishAsync("preset", new() { ["preset"] = FakeWorld.Literal("String", preset.ToString()), ["flag"] = FakeWorld.Literal("Boolean", "false") });

        await world.UntilAsync(await world.DispatchAsync("preset"), "Finished");

        Assert.Equal("""{"flag":false,"mode":"loud","share":0.9,"text":"hello"}""", Steps.Json.CanonicalJson.ToText(Assert.Single(given)));
    }

    [Fact]
    public async Task The_outcome_chooses_the_connection()
    {
        await using var world = await FakeWorld.StartAsync();
        world.Work((_, _, _) => Task.FromResult(FakeStep.Done(outcome: "No")));
        await world.PublishAsync("outcomes", activities: [FakeWorld.Activity("yes", "Elsa.End"), FakeWorld.Activity("no", "Elsa.End")],
            connections: [FakeWorld.Connection("fake", "Yes", "yes"), FakeWorld.Connection("fake", "No", "no")]);

        var instance = await world.DispatchAsync("outcomes");
        await world.UntilAsync(instance, "Finished");

        var journal = (await world.Host.AskAsync("GET", $"workflow-instances/{instance}/journal?page=0&pageSize=100")).Body!["items"]!.AsArray().Select(i => $"{i!["activityId"]}").ToHashSet();
        Assert.Contains("no", journal);
        Assert.DoesNotContain("yes", journal);
    }

    [Fact]
    public async Task A_transient_failure_is_tried_again_by_the_steps_policy_and_a_permanent_one_is_an_incident()
    {
        await using var world = await FakeWorld.StartAsync();
        var tries = 0;
        world.Work((_, _, _) => Task.FromResult(++tries < 3 ? new StepResult.Failed("not yet", Transient: true) : tries == 3 ? FakeStep.Done() : new StepResult.Failed("never", Transient: false)));
        await world.PublishAsync("fails");

        await world.UntilAsync(await world.DispatchAsync("fails"), "Finished");
        var faulted = await world.UntilAsync(await world.DispatchAsync("fails"), "Faulted");

        Assert.Equal(4, tries);
        Assert.Contains("never", $"{faulted["incidents"]![0]!["message"]}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_waits_is_dispatched_again_with_its_state_at_the_deadline_or_by_an_event()
    {
        await using var world = await FakeWorld.StartAsync();
        var states = new ConcurrentQueue<string>();
        world.Work((execution, _, _) =>
        {
            states.Enqueue(execution.State?.ToJsonString() ?? "none");
            var far = TimeProvider.System.GetUtcNow() + (states.Count == 1 ? TimeSpan.FromSeconds(1) : TimeSpan.FromDays(1));
            return Task.FromResult(states.Count < 3 ? new StepResult.Waiting(new JsonObject { ["seen"] = states.Count }, far, "for people") { Events = ["answers.came"] } : FakeStep.Done());
        });
        await world.PublishAsync("waits");
        var instance = await world.DispatchAsync("waits");
        for (var i = 0; i < 100 && states.Count < 2; i++) await Task.Delay(100);
        await Task.Delay(1500);
        Assert.Equal(2, states.Count);

        await world.Host.AskAsync("POST", "events/answers.came/trigger", new JsonObject());
        await world.UntilAsync(instance, "Finished");

        Assert.Equal(["none", """{"seen":1}""", """{"seen":2}"""], states);
    }

    [Fact]
    public async Task A_cancelled_instance_stops_the_step_that_runs()
    {
        await using var world = await FakeWorld.StartAsync();
        var stopped = new TaskCompletionSource();
        world.Work(async (_, _, cancellation) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            catch (OperationCanceledException)
            {
                stopped.SetResult();
                throw;
            }
            return FakeStep.Done();
        });
        await world.PublishAsync("cancelled");
        var instance = await world.DispatchAsync("cancelled");
        await world.UntilAsync(instance, "Suspended");

        await world.Host.AskAsync("POST", $"cancel/workflow-instances/{instance}", new JsonObject());

        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(15));
        await world.UntilAsync(instance, "Cancelled");
        Assert.Empty(await world.Jobs.OpenAsync(default));
    }

    [Fact]
    public async Task An_answer_that_was_there_before_anyone_waited_is_sent_until_it_is_taken()
    {
        await using var world = await FakeWorld.StartAsync();
        await world.PublishAsync("early");
        // As after a kill: a job of an instance whose bookmark is not stored (here: of no instance at all), with its answer.
        var orphan = new StepJob("Fake", 3, "cpu", new() { ["text"] = "x" }, "0123456789abcdef", "fake", 0);
        await world.Jobs.SubmitAsync(orphan, default);
        world.Work((_, _, _) => Task.FromResult(FakeStep.Done()));

        await world.UntilAsync(await world.DispatchAsync("early"), "Finished");

        for (var i = 0; i < 50 && (await world.Jobs.OpenAsync(default)).Count > 1; i++) await Task.Delay(100);
        var open = Assert.Single(await world.Jobs.OpenAsync(default));
        Assert.Equal((orphan.Id, true), (open.Id, open.IsAnswered));
    }

    [Fact]
    public async Task Each_pass_of_a_loop_is_an_execution_of_its_own()
    {
        await using var world = await FakeWorld.StartAsync();
        var executions = new ConcurrentQueue<string>();
        world.Work((execution, _, _) =>
        {
            executions.Enqueue(execution.Activity);
            return Task.FromResult(FakeStep.Done(outcome: executions.Count < 3 ? "No" : "Yes"));
        });
        await world.PublishAsync("loop", activities: [FakeWorld.Activity("begin", "Elsa.Start")], connections: [FakeWorld.Connection("begin", "Done", "fake"), FakeWorld.Connection("fake", "No", "fake")]);

        await world.UntilAsync(await world.DispatchAsync("loop"), "Finished");

        Assert.Equal(["fake", "fake#2", "fake#3"], executions);
    }
}
