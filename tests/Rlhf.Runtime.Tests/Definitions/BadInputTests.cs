using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

/// <summary>What is broken or hostile ends in one sentence that names file and activity and what was expected.</summary>
public class BadInputTests
{
    [Fact]
    public void A_definition_of_50000_activities_is_refused()
    {
        var flow = new FlowBuilder();
        for (var i = 0; i < 50_000; i++) flow.Line($"a{i}");

        Assert.Equal("some.json: activity 'a1999' is number 2001; a definition holds at most 2000 activities.", Refusal(flow.Build().ToJsonString()));
    }

    [Fact]
    public void A_definition_of_more_connections_than_10000_in_all_is_refused()
    {
        var flow = AtTheBounds().Nest("inner", new FlowBuilder().Line("x").Line("y").Connect("x", "y"));

        var error = Assert.Throws<InvalidDataException>(() => Some.Read(flow, new FakeStep("Work")));

        Assert.Equal("some.json: activity 'flow' has connection number 10001; a definition holds at most 10000 connections.", error.Message);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_definition_at_the_bounds_is_read_checked_and_started()
    {
        var definition = Some.Read(AtTheBounds(), new FakeStep("Work"));

        var findings = await Task.Run(() => WorkflowLint.Check(definition), TestContext.Current.CancellationToken);

        Assert.Equal(1990, findings.Count(f => f.Reason.Contains("reads the variable 'late', which has no default and which no activity before it sets")));
        Assert.Equal(WorkflowStatus.Running, (await Task.Run(() => Some.Play(definition, Some.Started()), TestContext.Current.CancellationToken)).State.Status);
    }

    [Fact]
    public void A_definition_of_1000_levels_is_refused()
    {
        var json = new StringBuilder("{\"definitionId\":\"deep\",\"root\":");
        for (var i = 0; i < 1000; i++) json.Append($"{{\"id\":\"c{i}\",\"type\":\"Elsa.Sequence\",\"activities\":[");
        json.Append(string.Concat(Enumerable.Repeat("]}", 1000))).Append('}');

        Assert.Equal("some.json: activity 'c16' is on level 17; expected at most 16 containers in each other.", Refusal(json.ToString()));
    }

    [Fact]
    public void A_file_that_goes_even_deeper_is_refused()
    {
        var json = "{\"definitionId\":\"deep\",\"root\":" + new string('[', 100_000) + new string(']', 100_000) + "}";

        Assert.StartsWith("some.json: not an Elsa workflow definition: ", Refusal(json));
    }

    [Fact]
    public void An_id_that_stands_twice_is_refused_wherever_it_stands()
    {
        var flow = new FlowBuilder().Line("a").Nest("inner", new FlowBuilder().Line("b").Line("a")).Connect("a", "inner");

        Assert.Equal("some.json: activity 'a': more than one activity has this id; expected an id of its own for each, in nested containers too.", Refusal(flow.Build().ToJsonString()));
    }

    [Fact]
    public void An_unknown_type_deep_inside_is_refused_by_name()
    {
        var flow = new FlowBuilder().Nest("inner", new FlowBuilder().NestSequence("steps", new FlowBuilder().Add("odd", "Acme.Nope")));

        Assert.StartsWith("some.json: activity 'odd' is of type 'Acme.Nope', which this runtime does not run; known are Elsa.Cron, ", Refusal(flow.Build().ToJsonString()));
    }

    [Theory]
    [InlineData("correlationId", "some.json: activity 'tell' gives 'correlationId', which this runtime does not heed; expected it to be left out.")]
    public void An_input_that_nothing_heeds_is_refused(string input, string expected)
    {
        var flow = new FlowBuilder().Add("tell", "Elsa.PublishEvent", ("eventName", FlowBuilder.Literal("x")), (input, FlowBuilder.Literal("y")));

        Assert.Equal(expected, Refusal(flow.Build().ToJsonString()));
    }

    [Fact]
    public void A_connection_into_another_container_is_found()
    {
        var flow = new FlowBuilder().Line("a").Nest("inner", new FlowBuilder().Line("b")).Connect("a", "inner").Connect("a", "b");

        Assert.Equal("some.json: activity 'a': a connection leads to 'b', which is not in 'flow'; expected an activity of the same container",
            WorkflowLint.Errors(Some.Read(flow)).Single().ToString());
    }

    [Theory]
    [InlineData("Elsa.Cron", "cronExpression", "0 0 30 2 *", "the cron expression '0 0 30 2 *' never fires; expected one with a time that comes")]
    [InlineData("Elsa.Cron", "cronExpression", "every day", "'every day' is no cron expression of five fields, or six with seconds first: ")]
    [InlineData("Elsa.Timer", "interval", "-00:01:00", "the interval is '-00:01:00'; expected a time span of at least 00:00:01 such as 00:30:00")]
    [InlineData("Elsa.Timer", "interval", "00:00:00.0000001", "the interval is '00:00:00.0000001'; expected a time span of at least 00:00:01 such as 00:30:00")]
    public void A_trigger_that_never_fires_or_always_does_is_found(string type, string property, string value, string reason)
    {
        var finding = WorkflowLint.Errors(Some.Read(Triggered(type, property, FlowBuilder.Literal(value)))).Single();

        Assert.StartsWith($"some.json: activity 'tick': {reason}", finding.ToString());
    }

    [Fact]
    public void A_trigger_that_only_a_script_knows_is_found()
    {
        Assert.Contains("expected a literal", WorkflowLint.Errors(Some.Read(Triggered("Elsa.Event", "eventName", FlowBuilder.Script("'a'")))).Single().Reason);
    }

    [Theory]
    [InlineData("while (true) {}", "the script ran more than 100000 statements")]
    [InlineData("let s = 'x'; while (true) s += s;", "the script took more than 64 MiB")]
    [InlineData("(function f() { return f(); })()", "the script called itself more than 128 deep")]
    [InlineData("let a = []; for (let i = 0; i < 90000; i++) a = [a]; JSON.stringify(a)", "the script has a value that is nested more than 200 deep")]
    [InlineData("let a = []; for (let i = 0; i < 90000; i++) a = [a]; '' + a", "the script has a value that is nested more than 200 deep")]
    [InlineData("let a = []; for (let i = 0; i < 90000; i++) a = [a]; a.flat(Infinity)", "nested more than 32 deep")]
    [InlineData("let a = []; for (let i = 0; i < 90000; i++) a = [a]; setO(a)", "nested more than 32 deep")]
    [InlineData("let f = () => 1; for (let i = 0; i < 90000; i++) f = f.bind(null); f(); let p = {}; for (let i = 0; i < 9000; i++) p = new Proxy(p, {}); p.x; throw new Error('fine')", "")]
    public void A_script_that_passes_every_bound_faults_its_activity(string script, string reason)
    {
        var end = Some.Play(Some.Read(new FlowBuilder().Variable("o", "Object").Script("bad", script)), Some.Started());

        Assert.Equal("bad", end.State.Incidents.Single().Activity);
        Assert.Contains(reason, end.State.Incidents.Single().Reason);
    }

    [Fact]
    public void A_regular_expression_that_never_ends_is_stopped_and_stays_stopped()
    {
        var scope = new ScriptScope(Some.Time, "instance/1") { WallClock = TimeSpan.FromMilliseconds(300) };

        Assert.Throws<ScriptStoppedException>(() => Script.Evaluate("/^(a+)+$/.test('a'.repeat(60) + 'b')", scope));
    }

    [Fact]
    public void An_input_of_the_wrong_type_is_refused_before_anything_runs()
    {
        var definition = Some.Read(new FlowBuilder().Input("tags", "List<String>").Line("only"));

        var error = Assert.Throws<ArgumentException>(() => WorkflowInputs.Bind(definition, new() { ["tags"] = new JsonArray(new JsonObject()) }));

        Assert.Equal("some-flow, input 'tags' is [{}]; expected a list of values of type String.", error.Message);
    }

    // Steps in a row, each with ways forward and back to others, that read a variable which only the last activities set.
    static FlowBuilder AtTheBounds()
    {
        const int Activities = 1996;
        var flow = new FlowBuilder().Variable("late", "String");
        for (var i = 0; i < Activities; i++)
        {
            if (i < 1990) flow.Add($"a{i}", "Rlhf.Work", ("text", FlowBuilder.Script("getLate()")), ("result", FlowBuilder.ToVariable("none")));
            else flow.Set($"a{i}", "late", "'x'");
        }
        var connections = 0;
        for (var i = 0; i + 1 < Activities; i++, connections++) flow.Connect($"a{i}", $"a{i + 1}");
        // Nothing leads back from the activities that set it.
        for (var i = 0; connections < 10_000; i++, connections++)
        {
            var (from, port) = (i % 1990, i / 1990);
            if (port < 2) flow.Connect($"a{from}", $"a{Math.Min(Activities - 1, from + 2 + port)}", port == 0 ? "Again" : "Other");
            else flow.Connect($"a{from}", $"a{Math.Max(0, from - port)}", port == 2 ? "Again" : "Other");
        }
        return flow;
    }

    static string Refusal(string json) => Assert.Throws<InvalidDataException>(() => new DefinitionReader(Some.Catalog()).Read(json, "some.json")).Message;

    static JsonObject Triggered(string type, string property, JsonObject value)
    {
        var json = new FlowBuilder().Add("tick", type, (property, value)).Build();
        json["root"]!["activities"]![0]!["customProperties"] = new JsonObject { ["canStartWorkflow"] = true };
        return json;
    }
}
