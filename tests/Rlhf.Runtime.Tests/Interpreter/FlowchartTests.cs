using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Tests;

public class FlowchartTests
{
    static readonly FakeStep Work = new("Work");

    [Fact]
    public void A_loop_runs_its_activities_anew_on_the_second_pass()
    {
        var flow = new FlowBuilder().Variable("round", "Int32", "0")
            .Line("first").Set("count", "round", "getRound() + 1").Decide("more", "getRound() < 3").Line("last")
            .Chain("first", "count", "more").Connect("more", "first", "True").Connect("more", "last", "False");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(["first", "count", "more", "first#2", "count#2", "more#2", "first#3", "count#3", "more#3", "last"], Some.Ran(end.Log));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Equal(3, (int?)end.State.Variables["round"]);
    }

    [Fact]
    public void A_step_on_the_second_pass_is_another_execution_with_inputs_of_its_own()
    {
        var definition = Some.Read(LoopOverStep(), Work);

        var first = Some.Play(definition, Some.Started());
        var second = WorkflowInterpreter.Apply(definition, first.State, Completed("work", "one", "Again"));
        var third = WorkflowInterpreter.Apply(definition, second.State, Completed("work#2", "two", "Done"));

        Assert.Equal("work", Steps(first).Single().Execution);
        Assert.Equal("", (string?)Steps(first).Single().Inputs["text"] ?? "");
        Assert.Equal(("work#2", "one"), (Steps(second).Single().Execution, (string?)Steps(second).Single().Inputs["text"]));
        Assert.Equal(WorkflowStatus.Finished, third.State.Status);
        Assert.Equal("two", (string?)third.State.Outputs["result"]);
    }

    [Fact]
    public void An_answer_to_an_execution_that_is_over_is_refused()
    {
        var definition = Some.Read(LoopOverStep(), Work);
        var second = Some.Play(definition, Some.Started(), Completed("work", "one", "Again"));

        var error = Assert.Throws<ArgumentException>(() => WorkflowInterpreter.Apply(definition, second.State, Completed("work", "late", "Done")));

        Assert.Equal("'work' is not an open activity execution of instance instance.", error.Message);
    }

    [Fact]
    public void Parallel_steps_meet_where_both_have_come()
    {
        var definition = Some.Read(Diamond(), Work);

        var started = Some.Play(definition, Some.Started());
        var one = WorkflowInterpreter.Apply(definition, started.State, Completed("a", "x"));
        var both = WorkflowInterpreter.Apply(definition, one.State, Completed("b", "x"));

        Assert.Equal(["a", "b"], Steps(started).Select(s => s.Execution));
        Assert.Empty(Some.Ran(one.Log));
        Assert.Equal(["meet"], Some.Ran(both.Log));
        Assert.Equal(WorkflowStatus.Finished, both.State.Status);
    }

    [Fact]
    public void A_join_does_not_wait_for_a_branch_that_was_not_taken()
    {
        var flow = new FlowBuilder().Decide("choose", "true").Line("yes").Line("no").Line("deeper").Line("meet")
            .Connect("choose", "yes", "True").Connect("choose", "no", "False").Chain("no", "deeper", "meet").Connect("yes", "meet");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(["choose", "yes", "meet"], Some.Ran(end.Log));
    }

    [Fact]
    public void An_outcome_without_a_connection_ends_its_branch()
    {
        var flow = new FlowBuilder().Decide("choose", "false").Line("yes").Connect("choose", "yes", "True");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Equal(["choose"], Some.Ran(end.Log));
    }

    [Fact]
    public void End_completes_the_workflow_and_cancels_steps_that_are_still_open()
    {
        var flow = new FlowBuilder().Line("start").Line("quick").Add("end", "Elsa.End").Add("slow", "Rlhf.Work", ("text", FlowBuilder.Literal("x")))
            .Connect("start", "slow").Connect("start", "quick").Connect("quick", "end");

        var end = Some.Play(Some.Read(flow, Work), Some.Started());

        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Contains(end.Log, l => l is { Execution: "slow", Event: LogEvent.Cancelled });
        Assert.Empty(Steps(end));
        Assert.Empty(end.State.Open);
    }

    [Fact]
    public void A_step_that_fails_for_good_faults_the_instance_with_reason_and_activity()
    {
        var definition = Some.Read(LoopOverStep(), Work);

        var failed = Some.Play(definition, Some.Started(), new StepFailed(Some.Time, "work", "the file is broken", Transient: false));

        Assert.Equal(WorkflowStatus.Faulted, failed.State.Status);
        Assert.Equal(new Incident("work", "work", "the file is broken", Some.Time), failed.State.Incidents.Single());
        Assert.Equal(new WorkflowCommand.Finish(WorkflowStatus.Faulted), failed.Commands.Single());
    }

    [Fact]
    public void A_retry_runs_exactly_the_failed_step_again_under_its_id_and_goes_on()
    {
        var definition = Some.Read(Diamond(), Work);
        var failed = Some.Play(definition, Some.Started(), Completed("a", "x"), new StepFailed(Some.Time, "b", "no", Transient: false));

        var again = WorkflowInterpreter.Apply(definition, failed.State, new Retried(Some.Time));
        var end = WorkflowInterpreter.Apply(definition, again.State, Completed("b", "y"));

        Assert.Equal("b", Steps(again).Single().Execution);
        Assert.Empty(again.State.Incidents);
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Equal(["meet"], Some.Ran(end.Log));
    }

    [Fact]
    public void A_decision_that_failed_is_decided_again_after_a_retry()
    {
        var flow = new FlowBuilder().Variable("result").Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")), ("result", FlowBuilder.ToVariable("result")))
            .Decide("choose", "getResult().length > 3").Line("yes").Connect("work", "choose").Connect("choose", "yes", "True");
        var definition = Some.Read(flow, Work);
        var failed = Some.Play(definition, Some.Started(), new StepCompleted(Some.Time, "work", new() { ["result"] = null }, "Done"));

        var again = WorkflowInterpreter.Apply(definition, failed.State, new Retried(Some.Time));

        Assert.Contains("input 'condition': ", failed.State.Incidents.Single().Reason);
        Assert.Equal(WorkflowStatus.Faulted, again.State.Status); // the variable is what it was
        Assert.Equal([LogEvent.Resumed, LogEvent.Faulted], again.Log.Select(l => l.Event));
        Assert.Equal("choose", again.Log[0].Execution);
    }

    [Fact]
    public void A_step_that_failed_for_now_is_tried_again_later_and_faults_after_the_third_attempt()
    {
        var definition = Some.Read(LoopOverStep(), Work);
        var failure = new StepFailed(Some.Time, "work", "the store is down", Transient: true);

        var once = Some.Play(definition, Some.Started(), failure);
        var twice = WorkflowInterpreter.Apply(definition, WorkflowInterpreter.Apply(definition, once.State, new StepResumed(Some.Time, "work")).State, failure);
        var thrice = WorkflowInterpreter.Apply(definition, WorkflowInterpreter.Apply(definition, twice.State, new StepResumed(Some.Time, "work")).State, failure);

        Assert.Equal((WorkflowStatus.Suspended, Some.Time.AddSeconds(2)), (once.State.Status, once.State.OpenSteps.Single().WakeAt));
        Assert.Equal((WorkflowStatus.Suspended, Some.Time.AddSeconds(10)), (twice.State.Status, twice.State.OpenSteps.Single().WakeAt));
        Assert.Equal("the store is down (tried 3 times)", thrice.State.Incidents.Single().Reason);
    }

    [Fact]
    public void A_cancelled_instance_runs_nothing_more_and_takes_no_event()
    {
        var definition = Some.Read(Diamond(), Work);

        var cancelled = Some.Play(definition, Some.Started(), new Cancelled(Some.Time));

        Assert.Equal(WorkflowStatus.Cancelled, cancelled.State.Status);
        Assert.Equal(["a", "b"], cancelled.Log.Where(l => l.Event == LogEvent.Cancelled).Select(l => l.Execution));
        Assert.Empty(WorkflowInterpreter.Runnable(definition, cancelled.State));
        Assert.Throws<ArgumentException>(() => WorkflowInterpreter.Apply(definition, cancelled.State, Completed("a", "x")));
    }

    [Fact]
    public void A_loop_without_a_step_that_never_ends_is_stopped_with_a_reason()
    {
        var flow = new FlowBuilder().Decide("again", "true").Connect("again", "again", "True");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal("10000 activities ran without a step or a wait between them; expected a loop to contain one or to end", end.State.Incidents.Single().Reason);
    }

    [Fact]
    public void An_outcome_that_a_step_does_not_have_is_a_fault()
    {
        var definition = Some.Read(LoopOverStep(), Work);

        var end = Some.Play(definition, Some.Started(), Completed("work", "x", "Sideways"));

        Assert.Equal("the step answered 'Sideways'; expected Done, Again, Other", end.State.Incidents.Single().Reason);
    }

    [Fact]
    public void A_workflow_writes_its_lines_as_commands()
    {
        var flow = new FlowBuilder().Input("name").Add("hello", "Elsa.WriteLine", ("text", FlowBuilder.Script("`Hello ${getName()}`")));

        var end = Some.Play(Some.Read(flow), Some.Started(new() { ["name"] = "Ada" }));

        Assert.Equal("Hello Ada", end.Commands.OfType<WorkflowCommand.WriteLine>().Single().Text);
    }

    [Fact]
    public void A_script_that_the_clock_stopped_faults_and_is_not_run_again_when_the_event_is_applied_again()
    {
        var flow = new FlowBuilder().Decide("choose", "true").Line("yes").Connect("choose", "yes", "True");

        var end = Some.Play(Some.Read(flow), Some.Started() with { StoppedScripts = ["choose"] });

        Assert.Equal("input 'condition': its script was stopped by the clock", end.State.Incidents.Single().Reason);
    }

    [Fact]
    public void A_state_read_back_from_its_json_is_the_same_state()
    {
        var definition = Some.Read(Diamond(), Work);
        var waiting = new StepWaiting(Some.Time, "a", new() { ["asked"] = 3 }, Some.Time.AddHours(1), "two judgements are missing", ["judged"]);
        var state = Some.Play(definition, Some.Started(), waiting).State;

        var json = CanonicalJson.Serialize(state);
        var back = CanonicalJson.Deserialize<WorkflowState>(json, "state");

        Assert.Equal(Encoding.UTF8.GetString(json), Encoding.UTF8.GetString(CanonicalJson.Serialize(back)));
        Assert.Equal("two judgements are missing", back.Find("a").WaitsFor);
    }

    static FlowBuilder LoopOverStep() => new FlowBuilder().Variable("result").Output("result")
        .Add("work", "Rlhf.Work", ("text", FlowBuilder.FromVariable("result")), ("result", FlowBuilder.ToVariable("result"))).Line("last")
        .Connect("work", "work", "Again").Connect("work", "last");

    static FlowBuilder Diamond() => new FlowBuilder().Line("start")
        .Add("a", "Rlhf.Work", ("text", FlowBuilder.Literal("x"))).Add("b", "Rlhf.Work", ("text", FlowBuilder.Literal("x"))).Line("meet")
        .Connect("start", "a").Connect("start", "b").Connect("a", "meet").Connect("b", "meet");

    static StepCompleted Completed(string execution, string result, string outcome = "Done") =>
        new(Some.Time, execution, new JsonObject { ["result"] = result }, outcome);

    static IEnumerable<WorkflowCommand.RunStep> Steps(Transition transition) => transition.Commands.OfType<WorkflowCommand.RunStep>();
}
