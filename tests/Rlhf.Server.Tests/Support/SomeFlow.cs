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
