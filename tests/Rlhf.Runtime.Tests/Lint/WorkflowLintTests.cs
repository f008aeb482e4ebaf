using System.Text.Json.Nodes;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class WorkflowLintTests
{
    static readonly FakeStep Work = new("Work");

    [Fact]
    public void A_sound_workflow_has_no_findings()
    {
        Assert.Empty(WorkflowLint.Check(Some.Read(Sound(), Work)));
    }

    [Fact]
    public void A_finding_names_file_activity_and_reason()
    {
        var findings = Check(Sound().Connect("last", "nowhere"));

        Assert.Equal("some.json: activity 'last': a connection leads to 'nowhere', which is not there", findings.Single().ToString());
    }

    [Fact]
    public void A_connection_from_nowhere_is_found() =>
        AssertFound(Sound().Connect("ghost", "last"), "last", "a connection comes from 'ghost', which is not there");

    [Fact]
    public void A_connection_from_a_port_that_the_activity_does_not_have_is_found() =>
        AssertFound(Sound().Connect("work", "last", "Maybe"), "work", "a connection leaves by the port 'Maybe'; Rlhf.Work has Done, Again, Other");

    [Fact]
    public void A_connection_out_of_an_end_is_found() =>
        AssertFound(new FlowBuilder().Line("a").Add("end", "Elsa.End").Line("b").Chain("a", "end", "b"), "end", "a connection leaves by the port 'Done'; Elsa.End has none");

    [Fact]
    public void A_missing_input_of_a_step_is_found() =>
        AssertFound(Sound().Add("bare", "Rlhf.Work").Connect("last", "bare"), "bare", "the input 'text' of Rlhf.Work is missing");

    [Fact]
    public void A_decision_without_a_condition_is_found() =>
        AssertFound(Sound().Add("bare", "Elsa.FlowDecision").Connect("last", "bare"), "bare", "the input 'condition' of Elsa.FlowDecision is missing");

    [Fact]
    public void An_input_that_a_step_does_not_have_is_found() =>
        AssertFound(Step(("txet", FlowBuilder.Literal("x"))), "odd", "'txet' is no input of Rlhf.Work; known are length, number, preset, result, text");

    [Fact]
    public void A_property_that_is_neither_input_nor_output_is_found() =>
        AssertFound(Step(("flag", JsonValue.Create(true))), "odd", "'flag' is no property of Rlhf.Work; known are length, number, preset, result, text");

    [Fact]
    public void A_literal_of_another_type_is_found() =>
        AssertFound(Step(("number", FlowBuilder.Literal("many"))), "odd", "the input 'number' is 'many'; expected a whole number of 32 bits (Int32)");

    [Fact]
    public void A_script_that_is_none_is_found() =>
        Assert.StartsWith("the input 'number' is no JavaScript: ", Check(Step(("number", FlowBuilder.Script("1 +")))).Single().Reason);

    [Fact]
    public void An_output_bound_to_a_missing_variable_is_found() =>
        AssertFound(Step(("result", FlowBuilder.ToVariable("ghost"))), "odd", "the output 'result' is bound to 'ghost', which is neither a variable's id nor an output of the workflow");

    [Fact]
    public void An_output_that_a_step_does_not_have_is_found() =>
        AssertFound(Step(("score", FlowBuilder.ToVariable("result"))), "odd", "'score' is no output of Rlhf.Work; known are result, length");

    [Fact]
    public void An_output_bound_to_a_variable_of_another_type_is_found() =>
        AssertFound(Step(("result", FlowBuilder.ToVariable("count"))).Variable("count", "Int32"), "odd", "the output 'result' is of type String, the variable 'count' of type Int32");

    [Fact]
    public void A_variable_of_another_type_is_found_where_it_may_not_be_what_the_input_takes()
    {
        var findings = Check(Sound().Add("odd", "Rlhf.Work", ("number", FlowBuilder.FromVariable("words")), ("text", FlowBuilder.FromVariable("list"))).Connect("last", "odd").Variable("words", "String", "7").Variable("list", "List<String>", "[\"a\"]"));

        Assert.Equal(
            [("the input 'text' is of type String, the variable 'list' of type List<String>", Severity.Error), ("the input 'number' is of type Int32, the variable 'words' of type String", Severity.Warning)],
            findings.Select(f => (f.Reason, f.Severity)));
    }

    [Theory]
    [InlineData("start gate.Promote promote", null)]
    [InlineData("start gate.Reject promote", "promote")]
    [InlineData("start promote", "promote")]
    [InlineData("start prepare promote", null)]
    [InlineData("start gate.Promote line promote", null)]
    [InlineData("start gate.Promote promote; gate.Reject line promote", "promote")]
    [InlineData("start gate.NeedMoreJudgements line gate; gate.Promote promote", null)]
    public void A_promotion_that_no_gate_leads_to_is_found(string ways, string? found)
    {
        var flow = new FlowBuilder().Add("start", "Elsa.Start").Add("gate", "Rlhf.DecideGate").Add("prepare", "Rlhf.PreparePromotion").Line("line").Add("promote", "Rlhf.PromoteChallenger");
        foreach (var way in ways.Split("; "))
        {
            var places = way.Split(' ').Select(p => p.Split('.')).ToList();
            for (var i = 1; i < places.Count; i++) flow.Connect(places[i - 1][0], places[i][0], places[i - 1] is [_, var port] ? port : null);
        }

        var findings = WorkflowLint.Check(Some.Read(flow, ContractStep.All())).Where(f => f.Reason.Contains("passes no gate", StringComparison.Ordinal));

        Assert.Equal(found is null ? [] : [(found, Severity.Error)], findings.Select(f => (f.Activity, f.Severity)));
    }

    [Theory]
    [InlineData("getLater()")]
    [InlineData("getVariable('later')")]
    [InlineData("variables.later + 1")]
    public void A_variable_that_is_read_but_never_set_is_found(string script) =>
        AssertFound(Step(("text", FlowBuilder.Script(script)), Text: false).Variable("later"), "odd", "the input 'text' reads the variable 'later', which has no default and which no activity before it sets");

    [Fact]
    public void A_variable_that_is_set_only_after_it_is_read_is_found() =>
        AssertFound(Step(("text", FlowBuilder.FromVariable("later")), Text: false).Variable("later").Set("set", "later", "'x'").Connect("odd", "set"),
            "odd", "the input 'text' reads the variable 'later', which has no default and which no activity before it sets");

    [Fact]
    public void A_variable_that_a_loop_sets_for_the_next_pass_is_no_finding() =>
        Assert.Empty(Check(Step(("text", FlowBuilder.FromVariable("later")), Text: false).Variable("later").Set("set", "later", "'x'").Connect("odd", "set").Connect("set", "odd")));

    [Theory]
    [InlineData("getGhost()", "'getGhost()'")]
    [InlineData("getInput('ghost')", "the input 'ghost'")]
    [InlineData("variables.ghost", "the variable 'ghost'")]
    public void A_name_that_is_not_there_is_found(string script, string what) =>
        AssertFound(Step(("text", FlowBuilder.Script(script)), Text: false), "odd", $"the input 'text' reads {what}, which is not there");

    [Fact]
    public void A_variable_to_set_that_is_not_there_is_found() =>
        AssertFound(Sound().Set("set", "ghost", "1").Connect("last", "set"), "set", "it sets the variable 'ghost', which is not there");

    [Fact]
    public void An_activity_that_nothing_leads_to_is_found() =>
        AssertFound(Sound().Line("island"), "island", "nothing leads here from the start 'start'");

    [Fact]
    public void A_jump_back_into_one_of_two_branches_is_found() =>
        AssertFound(new FlowBuilder().Line("fork").Line("a").Line("b").Decide("more", "false").Connect("fork", "a").Connect("fork", "b").Connect("a", "more").Connect("b", "more").Connect("more", "a", "True"),
            "more", "the backward connection to 'a' is not allowed: not every path from the start to 'more' passes 'a'");

    [Fact]
    public void What_an_elsa_server_runs_all_the_same_is_a_warning_where_no_step_is_concerned()
    {
        var flow = new FlowBuilder().Line("a").Decide("bare", "getNope()").Connect("a", "bare").Connect("bare", "nowhere").Connect("a", "a2", "Maybe")
            .Line("a2").Set("set", "ghost", "1").Connect("a2", "set").Add("odd", "Elsa.WriteLine", ("text", FlowBuilder.Script("1 +")));

        var findings = Check(flow);

        Assert.True(findings.Count >= 6, string.Join("; ", findings));
        Assert.All(findings, f => Assert.Equal(Severity.Warning, f.Severity));
        Assert.Empty(WorkflowLint.Errors(Some.Read(flow)));
    }

    [Fact]
    public void Activities_in_nested_containers_are_checked_with_the_variables_they_see()
    {
        var inner = new FlowBuilder().Variable("own", value: "x").Add("odd", "Rlhf.Work", ("text", FlowBuilder.Script("getOwn() + getOuter()"))).Add("bare", "Rlhf.Work").Chain("odd", "bare");
        var flow = new FlowBuilder().Variable("outer", value: "y").Nest("inner", inner).Step("after").Add("late", "Rlhf.Work", ("text", FlowBuilder.Script("getOwn()"))).Chain("inner", "after", "late");

        Assert.Equal(["bare: the input 'text' of Rlhf.Work is missing", "late: the input 'text' reads 'getOwn()', which is not there"], Check(flow).Select(f => $"{f.Activity}: {f.Reason}"));
    }

    [Fact]
    public void A_variable_that_is_set_in_a_container_before_is_no_finding()
    {
        var flow = new FlowBuilder().Variable("later").Nest("inner", new FlowBuilder().Script("script", "setLater('x')")).Add("odd", "Rlhf.Work", ("text", FlowBuilder.Script("getLater()"))).Chain("inner", "odd");

        Assert.Empty(Check(flow));
    }

    static FlowBuilder Sound() => new FlowBuilder().Variable("result").Add("start", "Elsa.Start")
        .Add("work", "Rlhf.Work", ("text", FlowBuilder.Literal("x")), ("result", FlowBuilder.ToVariable("result")))
        .Add("last", "Elsa.WriteLine", ("text", FlowBuilder.FromVariable("result")))
        .Chain("start", "work", "last");

    static FlowBuilder Step((string, JsonNode) property, bool Text = true) => Sound()
        .Add("odd", "Rlhf.Work", Text ? [("text", FlowBuilder.Literal("x")), property] : [property]).Connect("last", "odd");

    static IReadOnlyList<Finding> Check(FlowBuilder flow) => WorkflowLint.Check(Some.Read(flow, Work));

    static void AssertFound(FlowBuilder flow, string activity, string reason) => Assert.Contains(Check(flow), f => f.Activity == activity && f.Reason == reason);
}
