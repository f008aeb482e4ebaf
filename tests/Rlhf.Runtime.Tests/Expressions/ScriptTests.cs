using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class ScriptTests
{
    static readonly ScriptScope Scope = new(Some.Time, "instance/4")
    {
        Inputs = new Dictionary<string, JsonNode?> { ["labeler"] = "people", ["both"] = "the input" },
        Variables = new Dictionary<string, ScriptVariable>
        {
            ["rewardModel"] = Text("reward-model/1"),
            ["passes"] = new(new(ValueKind.Int32), 3),
            ["share"] = new(new(ValueKind.Double), 0.25),
            ["ready"] = new(DataType.Boolean, true),
            ["nothing"] = Text(null),
            ["both"] = Text("the variable"),
            ["list"] = new(DataType.Any, JsonNode.Parse("""["x",{"n":null}]""")),
        },
        Results = new Dictionary<string, JsonNode?> { ["train"] = new JsonObject { ["Result"] = 7, ["loss"] = 0.5 } },
        Producers = ["train", "later"],
        LastResult = 7,
    };

    static ScriptVariable Text(string? value) => new(DataType.Text, value);

    [Theory]
    [InlineData("getRewardModel()", "\"reward-model/1\"")]
    [InlineData("getVariable('rewardModel')", "\"reward-model/1\"")]
    [InlineData("variables.rewardModel", "\"reward-model/1\"")]
    [InlineData("getLabeler() === 'people'", "true")]
    [InlineData("getlabeler()", "\"people\"")] // Elsa's own name for an input's getter
    [InlineData("getInput(\"labeler\")", "\"people\"")]
    [InlineData("getBoth() + ', not ' + variables.both", "\"the input, not the variable\"")]
    [InlineData("getPasses() + 1", "4")]
    [InlineData("getShare() * 2", "0.5")]
    [InlineData("`${getPasses()} passes`", "\"3 passes\"")]
    [InlineData("getNothing() === null && getReady()", "true")]
    [InlineData("undefined", null)]
    [InlineData("return getPasses() + 1;", "4")]
    [InlineData("getVariable('nope') === null && getInput('nope') === null", "true")]
    [InlineData("getLastResult() + getOutputFrom('train') + getOutputFrom('train', 'loss') + getResultFromTrain()", "21.5")]
    [InlineData("typeof getResultFromLater + getResultFromLater()", "\"functionnull\"")]
    [InlineData("({ a: [1, { b: 'x' }], c: undefined })", "{\"a\":[1,{\"b\":\"x\"}],\"c\":null}")]
    [InlineData("[...getList(), 1.5].length + JSON.stringify(getList())", "\"3[\\\"x\\\",{\\\"n\\\":null}]\"")]
    [InlineData("let n = 0; for (let i = 0; i < 5; i++) n += i; n", "10")]
    public void A_script_reads_inputs_and_variables(string script, string? expected)
    {
        var result = Script.Evaluate(script, Scope);

        Assert.Empty(result.Written);
        Assert.Equal(expected, result.Value?.ToJsonString(new(System.Text.Json.JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Theory]
    [InlineData("getNope()", "getNope is not defined")]
    [InlineData("setVariable('nope', 1)", "there is no variable 'nope'; known are both, list, nothing, passes, ready, rewardModel, share")]
    [InlineData("variables.more = 4", "there is no variable 'more'")]
    [InlineData("setPasses('many')", "the value for the variable 'passes' is 'many'; expected a whole number of 32 bits (Int32)")]
    [InlineData("setOutcome('Done')", "setOutcome is not defined")] // an expression has no outcomes
    [InlineData("getPasses", "the script gives a function; expected a value")]
    [InlineData("let a = []; for (let i = 0; i < 40; i++) a = [a]; a", "nested more than 32 deep")]
    [InlineData("let a = 'x'; for (let i = 0; i < 30; i++) a = [a, a]; a", "the script gives more than 100000 values")]
    [InlineData("let a = []; a.push(a); a", "nested more than 32 deep")]
    [InlineData("'x'.repeat(2000000)", "the script gives more than 1048576 characters of text")]
    [InlineData("let a = []; for (let i = 0; i < 20000; i++) a = [a]; JSON.stringify(a).length", "")]
    [InlineData("JSON.parse('['.repeat(50000) + ']'.repeat(50000)).length", "")]
    [InlineData("while (true) {}", "the script ran more than 100000 statements")]
    [InlineData("(function f() { return f(); })()", "the script called itself more than 128 deep")]
    [InlineData("let s = 'x'; while (true) s += s;", "the script took more than 64 MiB")]
    [InlineData("new Array(1e9).fill(0).length", "")]
    [InlineData("0 / 0", "the script gives NaN; expected a finite number")]
    [InlineData("1 +", "")]
    [InlineData("eval('1 + 1')", "")]
    [InlineData("System.IO.File.ReadAllText('x')", "System is not defined")]
    public void A_script_that_fails_or_passes_a_limit_says_why(string script, string reason)
    {
        var error = Assert.Throws<ScriptException>(() => Script.Evaluate(script, Scope));

        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData("setPasses(getPasses() + 1); setVariable('share', '0.5')", "passes=4 share=0.5")]
    [InlineData("variables.passes = 10; return getPasses();", "passes=10")] // the getter gives 3 until the script ends
    [InlineData("variables.passes = 10; setPasses(5); return variables.passes;", "passes=5")]
    [InlineData("variables.passes = null", "")] // as in Elsa
    [InlineData("setBoth(null)", "both=null")]
    [InlineData("getList().push('y')", "list=[\"x\",{\"n\":null},\"y\"]")] // the value itself, no copy
    [InlineData("variables.list[1].n = 4", "list=[\"x\",{\"n\":4}]")]
    [InlineData("setPasses(3)", "")]
    public void A_script_changes_variables(string script, string expected)
    {
        var result = Script.Evaluate(script, Scope);

        Assert.Equal(expected, string.Join(" ", result.Written.OrderBy(w => w.Key).Select(w => $"{w.Key}={w.Value?.ToJsonString() ?? "null"}")));
    }

    [Theory]
    [InlineData("setOutcome('A'); setOutcome('B')", "B")]
    [InlineData("setOutcomes(['C', 'A']); 1", "C A")]
    [InlineData("1", null)]
    public void The_script_of_an_activity_sets_outcomes(string script, string? expected)
    {
        var result = Script.Evaluate(script, Scope with { SetsOutcomes = true });

        Assert.Equal(expected, result.Outcomes is null ? null : string.Join(" ", result.Outcomes));
    }

    [Fact]
    public void Time_and_chance_in_a_script_come_from_the_event_alone()
    {
        const string Script1 = "`${Date.now()} ${new Date().toISOString()} ${Math.random()} ${Math.random()}`";

        var first = (string?)Script.Evaluate(Script1, Scope).Value;
        var again = (string?)Script.Evaluate(Script1, Scope).Value;
        var another = (string?)Script.Evaluate(Script1, Scope with { RandomStream = "instance/5" }).Value;

        Assert.StartsWith($"{Some.Time.ToUnixTimeMilliseconds()} 2025-03-01T12:00:00.000Z 0.", first);
        Assert.Equal(first, again);
        Assert.NotEqual(first, another);
        Assert.NotEqual(first!.Split(' ')[2], first.Split(' ')[3]);
    }
}
