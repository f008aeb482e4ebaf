using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests.Interpreter;

/// <summary>Somebody gives variables of an instance other values.</summary>
public sealed class VariablesSetTests
{
    static readonly FakeStep Work = new("Work");

    static FlowBuilder Waiting() => new FlowBuilder().Variable("kind", "String", "before").Variable("count", "Int32", "1")
        .Event("go", "go").Add("work", "Rlhf.Work", ("text", FlowBuilder.Script("getKind() + getCount()"))).Connect("go", "work");

    [Fact]
    public void What_runs_afterwards_reads_the_new_values_and_the_log_says_who_set_which()
    {
        var definition = Some.Read(Waiting(), Work);
        var waiting = Some.Play(definition, Some.Started()).State;

        var set = WorkflowInterpreter.Apply(definition, waiting, new VariablesSet(Some.Time, new() { ["kind"] = "after" }, "olga"));
        var run = WorkflowInterpreter.Apply(definition, set.State, new EventReceived(Some.Time, "go", null));

        var line = Assert.Single(set.Log);
        Assert.Equal((LogEvent.Changed, "olga set kind."), (line.Event, line.Message));
        Assert.Equal(WorkflowStatus.Suspended, set.State.Status);
        Assert.Empty(set.Commands);
        Assert.Equal("after1", $"{run.State.OpenSteps.Single().Inputs!["text"]}");
    }

    [Fact]
    public void A_step_that_runs_keeps_the_inputs_it_began_with()
    {
        var definition = Some.Read(Waiting(), Work);
        var running = Some.Play(definition, Some.Started(), new EventReceived(Some.Time, "go", null)).State;

        var set = WorkflowInterpreter.Apply(definition, running, new VariablesSet(Some.Time, new() { ["kind"] = "after" }, null));

        Assert.Equal("before1", $"{set.State.OpenSteps.Single().Inputs!["text"]}");
        Assert.Empty(set.Commands);
        Assert.Equal("Somebody set kind.", set.Log.Single().Message);
    }

    [Fact]
    public void Values_are_converted_as_a_SetVariable_converts_them_and_null_is_one()
    {
        var definition = Some.Read(Waiting(), Work);
        var waiting = Some.Play(definition, Some.Started()).State;

        var set = WorkflowInterpreter.Apply(definition, waiting, new VariablesSet(Some.Time, new() { ["count"] = "7", ["kind"] = null }, null)).State;

        Assert.Equal(7, set.Variables["count"]!.GetValue<int>());
        Assert.Null(set.Variables["kind"]);
    }

    [Fact]
    public void Unknown_variables_values_of_another_type_and_instances_that_have_ended_are_refused()
    {
        var definition = Some.Read(Waiting(), Work);
        var waiting = Some.Play(definition, Some.Started()).State;
        string Refusal(WorkflowState state, string id, JsonNode value) =>
            Assert.Throws<ArgumentException>(() => WorkflowInterpreter.Apply(definition, state, new VariablesSet(Some.Time, new() { [id] = value }, null))).Message;

        Assert.Contains("has no variable 'other'; known are kind, count.", Refusal(waiting, "other", 1), StringComparison.Ordinal);
        Assert.StartsWith("The value for the variable 'count' ", Refusal(waiting, "count", "many"), StringComparison.Ordinal);
        Assert.Contains("Cancelled; nothing can happen to it any more", Refusal(WorkflowInterpreter.Apply(definition, waiting, new Cancelled(Some.Time)).State, "count", 1), StringComparison.Ordinal);
    }
}
