using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Small workflows, published.</summary>
static class Flows
{
    /// <summary>Waits for the event <c>go</c>, then fails once, then is done.</summary>
    public static Task<string> WaitAndFailAsync(Place place, string id = "wait-and-fail") => PublishAsync(
        place, id, Event("wait", "go"), """{ "id": "f1", "type": "Rlhf.Flaky", "version": 1 }""");

    /// <summary>A step that takes its time, then one that waits for people.</summary>
    public static Task<string> SlowAndPeopleAsync(Place place, string id = "slow-and-people") => PublishAsync(
        place, id, """{ "id": "slow", "type": "Rlhf.Slow", "version": 1 }""", """{ "id": "people", "type": "Rlhf.People", "version": 1 }""");

    public static Task<string> WaitAsync(Place place, string id = "waits", bool isSingleton = false) => PublishAsync(place, id, isSingleton, Event("wait", "go"));

    public static Task<string> FailAsync(Place place, string id = "fails") => PublishAsync(place, id, """{ "id": "f1", "type": "Rlhf.Flaky", "version": 1 }""");

    public static Task<string> LineAsync(Place place, string id = "line") => PublishAsync(
        place, id, """{ "id": "line", "type": "Elsa.WriteLine", "version": 1, "text": { "typeName": "String", "expression": { "type": "Literal", "value": "hello" } } }""");

    static Task<string> PublishAsync(Place place, string id, params string[] activities) => PublishAsync(place, id, isSingleton: false, activities);

    static async Task<string> PublishAsync(Place place, string id, bool isSingleton, params string[] activities)
    {
        Directory.CreateDirectory(place.Workflows);
        var list = new JsonArray([.. activities.Select(a => JsonNode.Parse(a))]);
        var connections = new JsonArray([.. list.Zip(list.Skip(1)).Select(p => new JsonObject
        {
            ["source"] = new JsonObject { ["activity"] = $"{p.First!["id"]}", ["port"] = "Done" },
            ["target"] = new JsonObject { ["activity"] = $"{p.Second!["id"]}", ["port"] = "In" },
        })]);
        var flow = new JsonObject
        {
            ["definitionId"] = id,
            ["name"] = id,
            ["variables"] = new JsonArray(new JsonObject { ["id"] = "var-kind", ["name"] = "kind", ["typeName"] = "String", ["value"] = "some" }),
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "note", ["type"] = "String", ["defaultValue"] = "" }),
            ["root"] = new JsonObject { ["id"] = "flow", ["type"] = "Elsa.Flowchart", ["version"] = 1, ["activities"] = list, ["connections"] = connections },
        };
        if (isSingleton) flow["options"] = new JsonObject { ["activationStrategyType"] = "Elsa.Workflows.Runtime.ActivationValidators.SingletonStrategy, Elsa.Workflows.Runtime" };
        var file = Path.Combine(place.Workflows, $"{id}.json");
        await File.WriteAllTextAsync(file, flow.ToJsonString());
        await place.Runtime.PublishAsync(file);
        return id;
    }

    static string Event(string id, string name) =>
        $$"""{ "id": "{{id}}", "type": "Elsa.Event", "version": 1, "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "{{name}}" } } }""";
}
