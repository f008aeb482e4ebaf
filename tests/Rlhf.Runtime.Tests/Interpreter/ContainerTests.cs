using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class ContainerTests
{
    static readonly FakeStep Work = new("Work");

    [Fact]
    public void A_container_runs_in_its_place_and_what_follows_waits_for_its_end()
    {
        var inner = new FlowBuilder().Line("a").Line("b").Chain("a", "b");
        var flow = new FlowBuilder().Line("first").Nest("inner", inner).NestSequence("steps", new FlowBuilder().Line("x").Line("y")).Line("last").Chain("first", "inner", "steps", "last");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal("first inner a b steps x y last", Started(end));
        Assert.Equal("Workflow1:flow:inner:a", end.Log.First(l => l.Activity == "a").NodePath);
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Empty(end.State.Open);
    }

    [Fact]
    public void A_container_that_a_loop_enters_again_has_its_variables_anew()
    {
        var inner = new FlowBuilder().Variable("n", "Int32", "0").Set("inc", "n", "getN() + 1").Set("sum", "total", "getTotal() + getN()").Chain("inc", "sum");
        var flow = new FlowBuilder().Variable("total", "Int32", "0").Nest("inner", inner).Decide("more", "getTotal() < 3").Connect("inner", "more").Connect("more", "inner", "True");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(3, (int?)end.State.Variables["total"]);
        Assert.Equal("inner inc sum more inner#2 inc#2 sum#2 more#2 inner#3 inc#3 sum#3 more#3", Started(end));
    }

    [Fact]
    public void End_in_a_nested_flowchart_ends_that_one_only_and_cancels_what_waits_in_it()
    {
        var inner = new FlowBuilder().Line("fork").Event("wait", "never").Line("b").Add("end", "Elsa.End").Connect("fork", "wait").Connect("fork", "b").Connect("b", "end");
        var flow = new FlowBuilder().Nest("inner", inner).Line("last").Chain("inner", "last");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Contains(end.Log, l => l is { Execution: "wait", Event: LogEvent.Cancelled });
        Assert.Equal("inner fork wait b end last", Started(end));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Fact]
    public void Finish_in_a_nested_container_ends_the_workflow_and_stops_steps_elsewhere()
    {
        var inner = new FlowBuilder().Line("a").Add("finish", "Elsa.Finish").Line("never").Chain("a", "finish", "never");
        var flow = new FlowBuilder().Line("fork").Step("work").Nest("inner", inner).Connect("fork", "work").Connect("fork", "inner");

        var end = Some.Play(Some.Read(flow, Work), Some.Started());

        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
        Assert.Contains(end.Log, l => l is { Execution: "work", Event: LogEvent.Cancelled });
        Assert.DoesNotContain("never", Started(end));
        Assert.Empty(end.State.Open);
    }

    [Fact]
    public void A_join_of_the_first_branch_cancels_a_nested_container_with_all_that_waits_in_it()
    {
        var inner = new FlowBuilder().Event("wait", "never").Line("x").Chain("wait", "x");
        var flow = new FlowBuilder().Line("fork").Nest("inner", inner).Event("go", "go").Join("join", "WaitAny").Line("last")
            .Connect("fork", "inner").Connect("fork", "go").Connect("inner", "join").Connect("go", "join").Connect("join", "last");

        var end = Some.Play(Some.Read(flow), Some.Started(), new EventReceived(Some.Time, "go", null));

        Assert.Equal(["inner", "wait"], end.Log.Where(l => l.Event == LogEvent.Cancelled).Select(l => l.Execution));
        Assert.Equal("join last", Started(end));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Fact]
    public void A_join_that_cancels_what_was_queued_before_it_runs_once()
    {
        var flow = new FlowBuilder().Line("fork").Line("a").Event("wait", "never").Line("late").Line("b").Join("join", "WaitAny").Line("last")
            .Connect("fork", "a").Connect("fork", "b").Connect("a", "wait").Connect("wait", "late").Connect("late", "join").Connect("b", "join").Connect("join", "last");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal("fork a b wait join last", Started(end));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Theory]
    [InlineData("true", "choose yes last")]
    [InlineData("false", "choose no last")]
    public void An_if_runs_one_of_its_branches(string condition, string expected)
    {
        var flow = new FlowBuilder().Variable("seen", "Boolean").Add("choose", "Elsa.If", ("condition", FlowBuilder.Script(condition)), ("result", FlowBuilder.ToVariable("seen")),
            ("then", FlowBuilder.LineOf("yes")), ("else", FlowBuilder.LineOf("no"))).Line("last").Chain("choose", "last");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(expected, Started(end));
        Assert.Equal(condition == "true", (bool?)end.State.Variables["seen"]);
    }

    [Fact]
    public void A_retry_runs_exactly_the_failed_activity_in_its_container_again_and_goes_on()
    {
        var inner = new FlowBuilder().Line("a").Script("bad", "if (getOk() !== true) throw new Error('not yet'); return 1;").Line("b").Chain("a", "bad", "b");
        var flow = new FlowBuilder().Variable("ok", "Boolean").Line("fork").Nest("inner", inner).Event("wait", "go").Set("allow", "ok", "true").Line("last")
            .Connect("fork", "inner").Connect("fork", "wait").Connect("wait", "allow").Connect("inner", "last");
        flow.Options["incidentStrategyType"] = "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core";
        var definition = Some.Read(flow);

        var waiting = Some.Play(definition, Some.Started());
        var faulted = WorkflowInterpreter.Apply(definition, waiting.State, new EventReceived(Some.Time, "go", null));
        var end = WorkflowInterpreter.Apply(definition, faulted.State, new Retried(Some.Time));

        Assert.Equal((WorkflowStatus.Suspended, WorkflowStatus.Faulted), (waiting.State.Status, faulted.State.Status));
        Assert.Equal("not yet", faulted.State.Incidents.Single().Reason);
        Assert.Equal(["bad.Resumed", "bad.Completed", "b.Started", "b.Completed", "inner.Completed", "last.Started", "last.Completed", "flow.Completed", "Workflow1.Completed"],
            end.Log.Select(l => $"{l.Execution}.{l.Event}"));
        Assert.Equal(WorkflowStatus.Finished, end.State.Status);
    }

    [Fact]
    public void A_step_whose_input_could_not_be_evaluated_is_evaluated_again_after_a_retry()
    {
        var flow = new FlowBuilder().Variable("n", "Int32").Line("fork").Add("work", "Rlhf.Work", ("text", FlowBuilder.Script("getN().toString()"))).Event("wait", "go").Set("set", "n", "4")
            .Connect("fork", "work").Connect("fork", "wait").Connect("wait", "set");
        var definition = Some.Read(flow, Work);

        var end = Some.Play(definition, Some.Started(), new EventReceived(Some.Time, "go", null), new Retried(Some.Time));

        Assert.Equal("4", (string?)end.Commands.OfType<WorkflowCommand.RunStep>().Single().Inputs["text"]);
        Assert.Equal(WorkflowStatus.Running, end.State.Status);
    }

    [Fact]
    public void What_a_failed_script_has_set_is_undone()
    {
        var flow = new FlowBuilder().Variable("n", "Int32", "1").Script("bad", "setN(2); throw new Error('no');");

        var end = Some.Play(Some.Read(flow), Some.Started());

        Assert.Equal(1, (int?)end.State.Variables["n"]);
    }

    static string Started(Transition transition) => string.Join(" ", transition.Log.Where(l => l.Event == LogEvent.Started).Select(l => l.Execution).Where(e => e is not ("Workflow1" or "flow")));
}
