using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Processes;

public sealed class VariablesTests
{
    const string Waits = """
        { "definitionId": "waits", "name": "waits",
          "variables": [ { "id": "v1", "name": "count", "typeName": "Int32", "value": 1 } ],
          "outputs": [ { "name": "said", "type": "Int32" } ],
          "root": { "id": "flow", "type": "Elsa.Flowchart", "version": 1,
            "activities": [
              { "id": "wait", "type": "Elsa.Event", "version": 1, "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "go" } } },
              { "id": "say", "type": "Elsa.SetOutput", "version": 1, "outputName": { "typeName": "String", "expression": { "type": "Literal", "value": "said" } },
                "outputValue": { "typeName": "Object", "expression": { "type": "JavaScript", "value": "getCount() + 1" } } } ],
            "connections": [ { "source": { "activity": "wait", "port": "Done" }, "target": { "activity": "say", "port": "In" } } ] } }
        """;

    [Fact]
    public async Task A_variable_of_a_waiting_instance_is_set_by_its_name_and_what_comes_after_reads_it()
    {
        await using var site = new Site();
        var file = Path.Combine(site.Store, "waits.json");
        await File.WriteAllTextAsync(file, Waits, TestContext.Current.CancellationToken);
        await site.ServeAsync();
        var run = site.Start("run", file, "--json");
        var instance = (await site.UntilAsync("the workflow waits", async () => (await site.Look.InstancesAsync()).Find(i => i.Status == "Suspended"))).Id;

        var unknown = await site.RunAsync("instances", "set", instance, "none=1");
        var wrong = await site.RunAsync("instances", "set", instance, "count=many");
        var bare = await site.RunAsync("instances", "set", instance, "count");
        var twice = await site.RunAsync("instances", "set", instance, "count=2", "v1=3");
        var set = await site.RunAsync("instances", "set", instance, "count=41", "--json");
        var sent = await site.RunAsync("events", "send", "go");
        var ended = await run.EndAsync();
        var log = await site.RunAsync("instances", "logs", instance);
        var late = await site.RunAsync("instances", "set", instance, "count=2");

        Assert.Equal((2, 2, 2, 2, 2), (unknown.ExitCode, wrong.ExitCode, bare.ExitCode, twice.ExitCode, late.ExitCode));
        Assert.Contains("'v1' is given a value twice, by its id and by its name", twice.Error, StringComparison.Ordinal);
        Assert.Contains("has no variable 'none'; known are count.", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("The value for the variable 'count' ", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("'count' is not a value of a variable; expected name=value.", bare.Error, StringComparison.Ordinal);
        Assert.True(set.ExitCode == 0, set.Error);
        Assert.Equal(41, (int)set.Json["variables"]!["count"]!);
        Assert.Equal((0, 0), (sent.ExitCode, ended.ExitCode));
        Assert.Equal(42, (int)JsonNode.Parse(ended.Output)!["outputs"]!["said"]!);
        Assert.Contains($"{Environment.UserName} set count.", log.Output, StringComparison.Ordinal);
        Assert.Contains("nothing can happen to it any more", late.Error, StringComparison.Ordinal);
    }
}
