using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class WaitingTests
{
    static readonly FakeStep Work = new("Work");

    [Theory]
    [InlineData("Elsa.Delay", "timeSpan", "00:10:00", "2025-03-01T12:10:00Z")]
    [InlineData("Elsa.Timer", "interval", "1.00:00:00", "2025-03-02T12:00:00Z")]
    [InlineData("Elsa.Cron", "cronExpression", "0 3 * * *", "2025-03-02T03:00:00Z")]
    [InlineData("Elsa.Cron", "cronExpression", "30 0 3 * * *", "2025-03-02T03:00:30Z")]
    public void An_activity_that_waits_for_a_time_says_when_and_goes_on_then(string type, string property, string value, string expected)
    {
        var definition = Some.Read(new FlowBuilder().Add("pause", type, (property, FlowBuilder.Literal(value))).Line("last").Chain("pause", "last"));

        var waiting = Some.Play(definition, Some.Started());
        var end = WorkflowInterpreter.Apply(definition, waiting.State, new StepResumed(DateTimeOffset.Parse(expected), "pause"));

        Assert.Equal(DateTimeOffset.Parse(expected), waiting.State.Waits.Single().WakeAt);
        Assert.Equal(WorkflowStatus.Suspended, waiting.State.Status);
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Fact]
    public void A_wait_of_less_than_a_second_lasts_one()
    {
        var waiting = Some.Play(Some.Read(new FlowBuilder().Add("pause", "Elsa.Delay", ("timeSpan", FlowBuilder.Literal("00:00:00.0000001")))), Some.Started());

        Assert.Equal(Some.Time.AddSeconds(1), waiting.State.Waits.Single().WakeAt);
    }

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("-00:00:01")]
    public void A_delay_of_no_time_is_no_wait(string span)
    {
        var end = Some.Play(Some.Read(new FlowBuilder().Add("pause", "Elsa.Delay", ("timeSpan", FlowBuilder.Literal(span))).Line("last").Chain("pause", "last")), Some.Started());

        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Equal(["pause.Started", "pause.Completed", "last.Started"], end.Log.Where(l => l.Activity is "pause" or "last").Take(3).Select(l => $"{l.Execution}.{l.Event}"));
    }

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("-1.00:00:00")]
    public void A_loop_with_a_delay_of_no_time_comes_to_an_end(string span)
    {
        var flow = new FlowBuilder().Line("first").Add("pause", "Elsa.Delay", ("timeSpan", FlowBuilder.Literal(span))).Chain("first", "pause").Connect("pause", "first");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(WorkflowStatus.Faulted, end.State.Status);
        Assert.Equal("10000 activities ran without a step or a wait between them; expected a loop to contain one or to end", end.State.Incidents.Single().Reason);
    }

    [Theory]
    [InlineData("Elsa.Delay", "timeSpan", "soon", "the time span is 'soon'; expected one such as 00:30:00 or 1.06:30:00")]
    [InlineData("Elsa.Delay", "timeSpan", "10000000.00:00:00", "the time it waits for is out of range; expected one before the year 10000")]
    [InlineData("Elsa.Timer", "interval", "00:00:00", "the interval is '00:00:00'; expected a time span of at least 00:00:01 such as 00:30:00")]
    [InlineData("Elsa.Cron", "cronExpression", "0 0 30 2 *", "the cron expression '0 0 30 2 *' never fires; expected one with a time that comes")]
    [InlineData("Elsa.Cron", "cronExpression", "often", "'often' is no cron expression of five fields, or six with seconds first: ")]
    public void A_time_that_never_comes_is_a_fault(string type, string property, string value, string reason)
    {
        var end = Some.Play(Some.Read(new FlowBuilder().Add("pause", type, (property, FlowBuilder.Literal(value)))), Some.Started());

        Assert.StartsWith(reason, end.State.Incidents.Single().Reason);
    }

    [Fact]
    public void An_event_resumes_all_that_wait_for_it_by_its_name_with_case()
    {
        var flow = new FlowBuilder().Variable("p", "Object").Line("fork").Event("one", "go", "p").Event("two", "go").Event("other", "Go").Line("meet")
            .Connect("fork", "one").Connect("fork", "two").Connect("fork", "other").Connect("one", "meet").Connect("two", "meet");
        var definition = Some.Read(flow);
        var waiting = Some.Play(definition, Some.Started()).State;

        var next = WorkflowInterpreter.Apply(definition, waiting, new EventReceived(Some.Time, "go", new JsonObject { ["n"] = 1 }));

        Assert.Equal(["one.Resumed", "one.Completed", "two.Resumed", "two.Completed", "meet.Started", "meet.Completed"], next.Log.Select(l => $"{l.Execution}.{l.Event}"));
        Assert.Equal("""{"n":1}""", next.State.Variables["p"]!.ToJsonString());
        Assert.True(next.State.WaitsFor("Go"));
    }

    [Fact]
    public void A_step_that_fails_may_say_what_its_next_try_begins_with()
    {
        var definition = Some.Read(new FlowBuilder().Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x"))), [Work]);
        var waiting = Some.Play(definition, Some.Started(), new StepWaiting(Some.Time, "work", new JsonObject { ["n"] = 1 }, Some.Time, "something", [])).State;
        JsonNode? Next(StepFailed failed) =>
            WorkflowInterpreter.Apply(definition, WorkflowInterpreter.Apply(definition, waiting, failed).State, new Retried(Some.Time)).State.OpenSteps.Single().StepState!["n"];

        var without = Next(new(Some.Time, "work", "it did not work", false));
        var with = Next((StepFailed)WorkflowEvent.Parse(new StepFailed(Some.Time, "work", "it did not work", false) { State = new() { ["n"] = 2 } }.ToText(), "an event"));

        Assert.Equal((1, 2), (without!.GetValue<int>(), with!.GetValue<int>()));
    }

    [Fact]
    public void An_event_that_nobody_waits_for_changes_nothing()
    {
        var definition = Some.Read(new FlowBuilder().Event("wait", "go"));
        var waiting = Some.Play(definition, Some.Started()).State;

        var next = WorkflowInterpreter.Apply(definition, waiting, new EventReceived(Some.Time, "gone", null));

        Assert.False(waiting.WaitsFor("gone"));
        Assert.Same(waiting, next.State);
        Assert.Empty(next.Commands);
    }

    [Fact]
    public void An_event_wakes_a_step_that_waits_for_it()
    {
        var definition = Some.Read(new FlowBuilder().Step("work"), Work);
        var waiting = Some.Play(definition, Some.Started(), new StepWaiting(Some.Time, "work", [], Some.Time.AddHours(1), "judgements", ["judged"])).State;

        var next = WorkflowInterpreter.Apply(definition, waiting, new EventReceived(Some.Time, "judged", null));

        Assert.Equal((WorkflowStatus.Suspended, WorkflowStatus.Running), (waiting.Status, next.State.Status));
        Assert.Equal("work", next.Commands.OfType<WorkflowCommand.RunStep>().Single().Execution);
    }

    [Fact]
    public void A_trigger_whose_wait_is_over_completes_at_once_with_what_came()
    {
        var flow = new FlowBuilder().Variable("p", "Object").Event("go", "go", "p").Decide("more", "getP().n < 1").Connect("go", "more").Connect("more", "go", "True");

        var end = Some.Play(Some.Read(flow), Some.Started(at: "go") with { Triggered = true, Payload = new JsonObject { ["n"] = 0 } });

        Assert.Equal(["go.Started", "go.Completed"], end.Log.Where(l => l.Execution == "go").Select(l => $"{l.Execution}.{l.Event}"));
        Assert.Equal("go#2", end.State.Waits.Single().Id); // the second time it waits
    }

    [Fact]
    public void A_child_is_started_under_an_id_that_follows_from_its_place_and_its_outputs_are_the_result()
    {
        var definition = Some.Read(Parent());
        var started = Some.Play(definition, Some.Started());
        var child = started.Commands.OfType<WorkflowCommand.StartChild>().Single();

        var end = WorkflowInterpreter.Apply(definition, started.State, new ChildEnded(Some.Time, "call", child.Child, WorkflowStatus.Finished, new() { ["score"] = 42 }));

        Assert.Equal(("other", true, """{"n":21}"""), (child.DefinitionId, child.Wait, child.Inputs.ToJsonString()));
        Assert.Equal(WorkflowCommand.StartChild.IdOf("instance", "call"), child.Child);
        Assert.Matches("^[0-9a-f]{32}$", child.Child);
        Assert.Equal("""{"score":42}""", end.State.Variables["res"]!.ToJsonString());
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Theory, InlineData(WorkflowStatus.Faulted, true), InlineData(WorkflowStatus.Cancelled, false)]
    public void A_child_that_did_not_finish_faults_its_place_and_a_retry_asks_for_it_again_or_for_another_where_it_was_cancelled(WorkflowStatus status, bool same)
    {
        var definition = Some.Read(Parent());
        var started = Some.Play(definition, Some.Started());
        var child = started.Commands.OfType<WorkflowCommand.StartChild>().Single();

        var faulted = WorkflowInterpreter.Apply(definition, started.State, new ChildEnded(Some.Time, "call", child.Child, status, [], "the disk is full"));
        var again = WorkflowInterpreter.Apply(definition, faulted.State, new Retried(Some.Time));

        Assert.Equal($"the child {child.Child} is {status}: the disk is full", faulted.State.Incidents.Single().Reason);
        Assert.Equal(same, child.Child == again.Commands.OfType<WorkflowCommand.StartChild>().Single().Child);
        Assert.Equal(WorkflowStatus.Suspended, again.State.Status);
    }

    [Fact]
    public void A_child_that_cannot_be_started_faults_its_place_without_having_waited()
    {
        var definition = Some.Read(Parent());
        var reason = new KeyValuePair<string, string>("call", "there is no workflow 'other'");

        var faulted = Some.Play(definition, Some.Started() with { FailedDispatches = Some.Started().FailedDispatches.AddRange([reason]) });
        var later = Some.Play(definition, Some.Started(), new DispatchFailed(Some.Time, "call", reason.Value));

        Assert.Equal(reason.Value, faulted.State.Incidents.Single().Reason);
        Assert.DoesNotContain(faulted.Log, l => l.Event == LogEvent.Waiting);
        Assert.Equal(reason.Value, later.State.Incidents.Single().Reason);
    }

    [Fact]
    public void A_child_that_nobody_waits_for_any_more_is_cancelled()
    {
        var definition = Some.Read(Parent());
        var started = Some.Play(definition, Some.Started());

        var cancelled = WorkflowInterpreter.Apply(definition, started.State, new Cancelled(Some.Time));

        Assert.Equal([new WorkflowCommand.CancelChild(started.State.Waits.Single().Child!), new WorkflowCommand.Finish(WorkflowStatus.Cancelled)], cancelled.Commands);
    }

    [Fact]
    public void A_published_event_is_a_command_and_its_publisher_goes_on()
    {
        var flow = new FlowBuilder().Add("tell", "Elsa.PublishEvent", ("eventName", FlowBuilder.Literal("done")), ("payload", FlowBuilder.Script("({ n: 1 })")), ("isLocalEvent", FlowBuilder.Literal(true)));

        var end = Some.Play(Some.Read(flow), Some.Started());

        var published = end.Commands.OfType<WorkflowCommand.PublishEvent>().Single();
        Assert.Equal(("done", """{"n":1}""", true), (published.Name, published.Payload!.ToJsonString(), published.Local));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Theory]
    [InlineData("go")]
    [InlineData("gone")]
    public void A_time_for_what_waits_for_none_is_refused(string execution)
    {
        var definition = Some.Read(new FlowBuilder().Event("go", "go"));
        var waiting = Some.Play(definition, Some.Started()).State;

        Assert.Throws<ArgumentException>(() => WorkflowInterpreter.Apply(definition, waiting, new StepResumed(Some.Time, execution)));
    }

    [Fact]
    public void Versions_of_steps_are_kept_and_those_accepted_later_replace_them()
    {
        var definition = Some.Read(new FlowBuilder().Step("work"), Work);
        var versions = Some.Started().StepVersions.Add("Work", 1).Add("Other", 2);

        var failed = Some.Play(definition, Some.Started() with { StepVersions = versions }, new StepFailed(Some.Time, "work", "no", Transient: false)).State;
        var again = WorkflowInterpreter.Apply(definition, failed, new Retried(Some.Time) { StepVersions = WorkflowState.NoCounts.Add("Work", 3) }).State;

        Assert.Equal("Other=2 Work=1", string.Join(" ", failed.StepVersions.Select(v => $"{v.Key}={v.Value}")));
        Assert.Equal("Other=2 Work=3", string.Join(" ", again.StepVersions.Select(v => $"{v.Key}={v.Value}")));
    }

    static FlowBuilder Parent() => new FlowBuilder().Variable("res", "Object").Add("call", "Elsa.DispatchWorkflow", ("workflowDefinitionId", FlowBuilder.Literal("other")),
        ("input", FlowBuilder.Script("({ n: 21 })")), ("waitForCompletion", FlowBuilder.Literal("true")), ("result", FlowBuilder.ToVariable("res")));
}
