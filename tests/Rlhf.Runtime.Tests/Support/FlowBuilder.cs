using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Tests.Support;

/// <summary>Writes definitions in Elsa's JSON: <c>new FlowBuilder().Line("a").Line("b").Connect("a", "b")</c>.</summary>
internal sealed class FlowBuilder
{
    readonly JsonArray _activities = [], _connections = [], _variables = [], _inputs = [], _outputs = [];

    public string Id { get; init; } = "some-flow";

    public JsonObject Options { get; } = [];

    public FlowBuilder Add(string id, string type, params IEnumerable<(string Name, JsonNode Value)> properties)
    {
        var activity = new JsonObject { ["id"] = id, ["type"] = type };
        foreach (var (name, value) in properties) activity[name] = value;
        _activities.Add(activity);
        return this;
    }

    public FlowBuilder Line(string id, string? text = null) => Add(id, "Elsa.WriteLine", ("text", Literal(text ?? id)));

    public FlowBuilder Decide(string id, string script) => Add(id, "Elsa.FlowDecision", ("condition", Script(script)));

    public FlowBuilder Set(string id, string variable, string script) =>
        Add(id, "Elsa.SetVariable", ("variable", new JsonObject { ["id"] = variable }), ("value", Script(script)));

    public FlowBuilder Step(string id, string text = "x") => Add(id, "Rlhf.Work", ("text", Literal(text)));

    public FlowBuilder Script(string id, string script) => Add(id, "Elsa.RunJavaScript", ("script", Literal(script)));

    public FlowBuilder Event(string id, string name, string? result = null) =>
        Add(id, "Elsa.Event", result is null ? [("eventName", Literal(name))] : [("eventName", Literal(name)), ("result", ToVariable(result))]);

    public FlowBuilder Join(string id, string mode) => Add(id, "Elsa.FlowJoin", ("mode", Literal(mode)));

    /// <summary>What the other builder holds, as a flowchart in this one.</summary>
    public FlowBuilder Nest(string id, FlowBuilder inner) => Nest(id, "Elsa.Flowchart", inner);

    public FlowBuilder NestSequence(string id, FlowBuilder inner) => Nest(id, "Elsa.Sequence", inner);

    FlowBuilder Nest(string id, string type, FlowBuilder inner)
    {
        _activities.Add(inner.Container(id, type));
        return this;
    }

    JsonObject Container(string id, string type) => new()
    {
        ["id"] = id,
        ["type"] = type,
        ["activities"] = _activities.DeepClone(),
        ["connections"] = _connections.DeepClone(),
        ["variables"] = _variables.DeepClone(),
    };

    public FlowBuilder Connect(string source, string target, string? port = null)
    {
        var from = new JsonObject { ["activity"] = source };
        if (port is not null) from["port"] = port;
        _connections.Add(new JsonObject { ["source"] = from, ["target"] = new JsonObject { ["activity"] = target, ["port"] = "In" } });
        return this;
    }

    public FlowBuilder Chain(params string[] ids)
    {
        for (var i = 1; i < ids.Length; i++) Connect(ids[i - 1], ids[i]);
        return this;
    }

    public FlowBuilder Variable(string name, string type = "String", string? value = null)
    {
        _variables.Add(new JsonObject { ["id"] = name, ["name"] = name, ["typeName"] = type, ["value"] = value });
        return this;
    }

    public FlowBuilder Input(string name, string type = "String", JsonNode? value = null)
    {
        _inputs.Add(new JsonObject { ["name"] = name, ["type"] = type, ["defaultValue"] = value });
        return this;
    }

    public FlowBuilder Output(string name, string type = "String")
    {
        _outputs.Add(new JsonObject { ["name"] = name, ["type"] = type });
        return this;
    }

    public JsonObject Build() => (JsonObject)new JsonObject
    {
        ["definitionId"] = Id,
        ["name"] = "Some flow",
        ["variables"] = _variables.DeepClone(),
        ["inputs"] = _inputs.DeepClone(),
        ["outputs"] = _outputs.DeepClone(),
        ["options"] = Options.DeepClone(),
        ["root"] = new JsonObject { ["id"] = "flow", ["type"] = "Elsa.Flowchart", ["activities"] = _activities.DeepClone(), ["connections"] = _connections.DeepClone() },
    };

    public static JsonObject LineOf(string id) => new() { ["id"] = id, ["type"] = "Elsa.WriteLine", ["text"] = Literal(id) };

    public static JsonObject Literal(JsonNode? value) => Expression("Literal", value);

    public static JsonObject Script(string script) => Expression("JavaScript", script);

    public static JsonObject FromVariable(string id) => Expression("Variable", new JsonObject { ["id"] = id });

    public static JsonObject ToVariable(string id) => new() { ["typeName"] = "String", ["memoryReference"] = new JsonObject { ["id"] = id } };

    public static JsonObject Expression(string type, JsonNode? value) =>
        new() { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = type, ["value"] = value } };
}
