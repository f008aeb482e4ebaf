using System.Text.Json.Nodes;

namespace Rlhf.Server.Tests.Support;

/// <summary>Small workflow files.</summary>
static class SomeFlow
{
    public static JsonObject Line(string text) => Activity(text, "Elsa.WriteLine", "text", "String", "Literal", text);

    public static JsonObject Pause(string length) => Activity("pause", "Elsa.Delay", "timeSpan", "TimeSpan", "Literal", length);

    /// <summary>Waits for an event, by default one that nobody sends.</summary>
    public static JsonObject Wait(string name = "nobody.sends.this") => Activity("wait", "Elsa.Event", "eventName", "String", "Literal", name);

    public static JsonObject Failure() => Activity("failure", "Elsa.RunJavaScript", "script", "String", "JavaScript", "throw new Error('it is broken')");

    /// <summary>Waits for the event <c>checkpoint.policy</c>, and goes on by its answer: Stop, Continue, or neither, which waits again.</summary>
    public static string WithCheckpoint(string id)
    {
        JsonObject Case(string label) => new() { ["label"] = label, ["condition"] = new JsonObject { ["type"] = "JavaScript", ["value"] = $"(getAnswer() || {{}}).answer === '{label}'" } };
        JsonObject Connection(string source, string port, string target) => new() { ["source"] = new JsonObject { ["activity"] = source, ["port"] = port }, ["target"] = new JsonObject { ["activity"] = target, ["port"] = "In" } };
        var wait = Activity("checkpoint", "Elsa.Event", "eventName", "String", "Literal", "checkpoint.policy");
        wait["result"] = new JsonObject { ["typeName"] = "Object", ["memoryReference"] = new JsonObject { ["id"] = "answer" } };
        var choose = new JsonObject { ["id"] = "choose", ["type"] = "Elsa.FlowSwitch", ["version"] = 1, ["cases"] = new JsonArray(Case("Stop"), Case("Continue")) };
        var flow = JsonNode.Parse(Of(id, wait, choose, Line("stopped"), Line("continued")))!.AsObject();
        flow["variables"] = new JsonArray(new JsonObject { ["id"] = "answer", ["name"] = "answer", ["typeName"] = "Object" });
        flow["root"]!["connections"] = new JsonArray(
            Connection("checkpoint", "Done", "choose"), Connection("choose", "Stop", "stopped"), Connection("choose", "Continue", "continued"), Connection("choose", "Default", "checkpoint"));
        return flow.ToJsonString();
    }

    static JsonObject Activity(string id, string type, string input, string inputType, string language, string value) => new()
    {
        ["id"] = id,
        ["type"] = type,
        ["version"] = 1,
        [input] = new JsonObject { ["typeName"] = inputType, ["expression"] = new JsonObject { ["type"] = language, ["value"] = value } },
    };

    /// <summary>A flowchart of activities one after the other.</summary>
    public static string Of(string id, params JsonObject[] activities)
    {
        foreach (var (i, activity) in activities.Index())
            activity["metadata"] = new JsonObject { ["designer"] = new JsonObject { ["position"] = new JsonObject { ["x"] = 260 * i, ["y"] = 0 }, ["size"] = new JsonObject { ["width"] = 170, ["height"] = 54 } } };
        return new JsonObject
        {
            ["$schema"] = "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json",
            ["definitionId"] = id,
            ["name"] = id,
            ["version"] = 1,
            ["root"] = new JsonObject
            {
                ["id"] = "flow",
                ["type"] = "Elsa.Flowchart",
                ["version"] = 1,
                ["activities"] = new JsonArray([.. activities]),
                ["connections"] = new JsonArray([.. activities.Zip(activities.Skip(1)).Select(p => new JsonObject
                {
                    ["source"] = new JsonObject { ["activity"] = $"{p.First["id"]}", ["port"] = "Done" },
                    ["target"] = new JsonObject { ["activity"] = $"{p.Second["id"]}", ["port"] = "In" },
                })]),
            },
        }.ToJsonString();
    }
}
