using System.Text.Json.Nodes;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

public class ScriptTests
{
    static readonly ScriptScope Scope = new(
        new Dictionary<string, JsonNode?> { ["labeler"] = "people", ["both"] = "the input" },
        new Dictionary<string, JsonNode?> { ["rewardModel"] = "reward-model/1", ["passes"] = 3, ["share"] = 0.25, ["ready"] = true, ["nothing"] = null, ["both"] = "the variable" },
        Some.Time, "instance/4");

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
    [InlineData("let n = 0; for (let i = 0; i < 5; i++) n += i; n", "10")]
    public void A_script_reads_inputs_and_variables(string script, string? expected)
    {
        var value = Script.Evaluate(script, Scope);

        Assert.Equal(expected, value?.ToJsonString(new(System.Text.Json.JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Theory]
    [InlineData("getNope()", "getNope is not defined")]
    [InlineData("getVariable('nope')", "there is no variable 'nope'; known are both, nothing, passes, ready, rewardModel, share")]
    [InlineData("variables.passes = 4", "read only")]
    [InlineData("variables.more = 4", "read only")]
    [InlineData("while (true) {}", "the script ran more than 100000 statements")]
    [InlineData("(function f() { return f(); })()", "the script called itself more than 128 deep")]
    [InlineData("let s = 'x'; while (true) s += s;", "the script took more than 64 MiB")]
    [InlineData("new Array(1e9).fill(0).length", "")]
    [InlineData("({ a: 1 })", "the script gives object; expected a text, a number or a boolean")]
    [InlineData("0 / 0", "the script gives NaN; expected a finite number")]
    [InlineData("1 +", "")]
    [InlineData("eval('1 + 1')", "")]
    [InlineData("System.IO.File.ReadAllText('x')", "System is not defined")]
    public void A_script_that_fails_or_passes_a_limit_says_why(string script, string reason)
    {
        var error = Assert.Throws<ScriptException>(() => Script.Evaluate(script, Scope));

        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void Time_and_chance_in_a_script_come_from_the_event_alone()
    {
        const string Script1 = "`${Date.now()} ${new Date().toISOString()} ${Math.random()} ${Math.random()}`";

        var first = (string?)Script.Evaluate(Script1, Scope);
        var again = (string?)Script.Evaluate(Script1, Scope);
        var another = (string?)Script.Evaluate(Script1, Scope with { RandomStream = "instance/5" });

        Assert.StartsWith($"{Some.Time.ToUnixTimeMilliseconds()} 2025-03-01T12:00:00.000Z 0.", first);
        Assert.Equal(first, again);
        Assert.NotEqual(first, another);
        Assert.NotEqual(first!.Split(' ')[2], first.Split(' ')[3]);
    }
}
