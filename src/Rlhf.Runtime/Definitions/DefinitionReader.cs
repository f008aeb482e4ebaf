using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// Reads Elsa 3's JSON. What this runtime does not run (an activity or expression type, a container in a container, a type of variable) is
/// refused by name, with file and activity id; what is merely wrong is left to the lint.
/// </summary>
internal sealed class DefinitionReader(ActivityCatalog catalog)
{
    const int MaxActivities = 2000;

    static readonly HashSet<string> NotInputs =
    [
        "id", "nodeId", "name", "type", "version", "customProperties", "metadata", "canStartWorkflow", "runAsynchronously", "commitStrategy",
    ];

    /// <exception cref="InvalidDataException">The text is no definition, or holds something that is not supported.</exception>
    public WorkflowDefinition Read(string json, string source)
    {
        try
        {
            var top = JsonNode.Parse(json) as JsonObject ?? throw Broken(source, "expected a JSON object with a 'root'");
            return Read(top, source);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // InvalidOperationException and FormatException: a member is of another JSON type than it must be.
            throw new InvalidDataException($"{source}: not an Elsa workflow definition: {e.Message}", e);
        }
    }

    WorkflowDefinition Read(JsonObject top, string source)
    {
        RefuseOptions(top["options"] as JsonObject, source);
        var id = (string?)top["definitionId"] ?? throw Broken(source, "'definitionId' is missing");
        if (top["root"] is not JsonObject root)
            throw Broken(source, "'root' is missing; without one Elsa takes an empty Elsa.Sequence, which this runtime does not run");
        return new(id, (string?)top["name"] ?? id, (string?)top["description"] ?? "", ReadRoot(root, source))
        {
            Source = source,
            Variables = [.. Items(top["variables"]).Select(v => ReadVariable(v, source))],
            Inputs = [.. Items(top["inputs"]).Select(i => ReadInput(i, source))],
            Outputs = [.. Items(top["outputs"]).Select(o => new WorkflowOutput(
                Text(o, "name"), TypeOf(o, "type", $"{source}: output '{Text(o, "name")}'"), Text(o, "description")))],
        };
    }

    static void RefuseOptions(JsonObject? options, string source)
    {
        foreach (var (name, expected) in new[] { ("incidentStrategyType", "FaultStrategy"), ("activationStrategyType", "none") })
        {
            if ((string?)options?[name] is { Length: > 0 } value && !value.Contains(expected, StringComparison.Ordinal))
                throw Broken(source, $"option '{name}' is '{value}', which this runtime does not support; expected {expected}");
        }
    }

    Flowchart ReadRoot(JsonObject root, string source)
    {
        var id = Text(root, "id");
        var where = $"{source}: activity '{id}' (the root)";
        if (Text(root, "type") != ActivityCatalog.Flowchart)
            throw Broken(where, $"is of type '{Text(root, "type")}'; this runtime runs {ActivityCatalog.Flowchart} as root only", " ");
        if (Items(root["variables"]).Any())
            throw Broken(where, "has variables of its own; declare them for the workflow", " ");
        if (Items(root["activities"]).Count() > MaxActivities)
            throw Broken(where, $"holds more than {MaxActivities} activities", " ");
        return new(id, [.. Items(root["activities"]).Select(a => ReadActivity(a, id, source))], [.. Items(root["connections"]).Select(ReadConnection)]);
    }

    Activity ReadActivity(JsonObject json, string parent, string source)
    {
        var (id, type) = (Text(json, "id"), Text(json, "type"));
        var where = $"{source}: activity '{id}'";
        if (id.Length == 0) throw Broken(source, $"an activity of type '{type}' has no id");
        if (id.Contains('#')) throw Broken(where, "an id must not contain '#', which marks a second run");
        var known = catalog.Find(type) ?? throw Broken(
            where, $"is of type '{type}', which this runtime does not run; known are {string.Join(", ", catalog.Names.Order(StringComparer.Ordinal))}", " ");
        var (inputs, outputs, settings) = (new Dictionary<string, Expression>(), new Dictionary<string, string>(), new JsonObject());
        foreach (var (name, value) in json)
        {
            if (value is null || NotInputs.Contains(name)) continue;
            var property = value as JsonObject;
            if (property?["expression"] is JsonObject expression) inputs[name] = ReadExpression(expression, $"{where}, input '{name}'");
            else if (property?["memoryReference"] is JsonObject reference) outputs[name] = Text(reference, "id");
            else settings[name] = value.DeepClone();
        }
        return new(id, $"Workflow1:{parent}:{id}", known)
        {
            Inputs = inputs,
            Outputs = outputs,
            Settings = settings,
            CanStart = json["customProperties"] is JsonObject custom && IsTrue(custom["canStartWorkflow"]),
        };
    }

    static Expression ReadExpression(JsonObject json, string where)
    {
        var (type, value) = (Text(json, "type"), json["value"]);
        return type switch
        {
            "Literal" when value is null or JsonValue => new Expression.Literal(value?.DeepClone()),
            "Literal" => throw Broken(where, $"the literal is {value.ToJsonString()}; only texts, numbers and booleans cross a workflow file"),
            "Variable" when value is JsonObject variable => new Expression.Variable(Text(variable, "id")),
            "JavaScript" => new Expression.JavaScript(value?.ToString() ?? ""),
            _ => throw Broken(where, $"the expression type '{type}' is not one that this runtime evaluates; known are JavaScript, Literal, Variable"),
        };
    }

    static Connection ReadConnection(JsonObject json)
    {
        var (source, target) = (json["source"] as JsonObject ?? [], json["target"] as JsonObject ?? []);
        return new(Text(source, "activity"), Port(source, "Done"), Text(target, "activity"), Port(target, "In"));
    }

    static string Port(JsonObject endpoint, string missing) => Text(endpoint, "port") is { Length: > 0 } port ? port : missing;

    static WorkflowVariable ReadVariable(JsonObject json, string source)
    {
        var name = Text(json, "name");
        var where = $"{source}: variable '{name}'";
        var type = TypeOf(json, "typeName", where);
        // As in Elsa, the empty text as a default is no default.
        var value = (string?)json["value"] is { Length: > 0 } text ? JsonValue.Create(text) : null;
        return new(Text(json, "id"), name, type, Converted(value, type, where));
    }

    static WorkflowInput ReadInput(JsonObject json, string source)
    {
        var name = Text(json, "name");
        var where = $"{source}: input '{name}'";
        var type = TypeOf(json, "type", where);
        return new(name, type, Converted(json["defaultValue"], type, where), Text(json, "description"));
    }

    static ScalarType TypeOf(JsonObject json, string member, string where)
    {
        if (IsTrue(json["isArray"])) throw Broken(where, "is an array; only texts, numbers and booleans cross a workflow file", " ");
        return Scalars.TryParseType(Text(json, member), out var type) ? type
            : throw Broken(where, $"is of type '{Text(json, member)}'; expected {string.Join(", ", Enum.GetNames<ScalarType>())}", " ");
    }

    static JsonNode? Converted(JsonNode? value, ScalarType type, string where) =>
        Scalars.TryConvert(value, type, out var converted, out var reason) ? converted : throw Broken(where, $"its default {reason}");

    static InvalidDataException Broken(string where, string reason, string separator = ": ") => new($"{where}{separator}{reason}.");

    static bool IsTrue(JsonNode? node) => node?.GetValueKind() == JsonValueKind.True;

    static string Text(JsonObject json, string member) => (string?)json[member] ?? "";

    static IEnumerable<JsonObject> Items(JsonNode? list) => (list as JsonArray)?.OfType<JsonObject>() ?? [];
}
