using System.Text.Json;
using System.Text.Json.Nodes;
using static Rlhf.Runtime.Definitions.DefinitionReader;

namespace Rlhf.Runtime.Definitions;

/// <summary>Reads the tree of activities of one file.</summary>
internal sealed class ActivityReader(ActivityCatalog catalog, string source)
{
    // Of every activity, and of containers, which Elsa writes without heeding them.
    static readonly HashSet<string> NotInputs =
    [
        "id", "nodeId", "name", "type", "version", "customProperties", "metadata", "canStartWorkflow", "runAsynchronously", "commitStrategy",
        "activities", "connections", "variables", "start", "then", "else", "cases",
    ];

    readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    int _connections;

    public Activity Read(JsonObject json, string parentPath, int level)
    {
        var (id, type) = (Text(json, "id"), Text(json, "type"));
        var where = $"{source}: activity '{id}'";
        if (id.Length == 0) throw Broken(source, $"an activity of type '{type}' in '{parentPath}' has no id; expected an id of its own");
        if (id.Contains('#')) throw Broken(where, "an id must not contain '#', which marks a second run");
        if (!_ids.Add(id)) throw Broken(where, "more than one activity has this id; expected an id of its own for each, in nested containers too");
        if (_ids.Count > MaxActivities) throw Broken(where, $"is number {MaxActivities + 1}; a definition holds at most {MaxActivities} activities", " ");
        if (level > MaxLevels) throw Broken(where, $"is on level {level}; expected at most {MaxLevels} containers in each other", " ");
        var known = catalog.Find(type) ?? throw Broken(
            where, $"is of type '{type}', which this runtime does not run; known are {string.Join(", ", catalog.Names.Order(StringComparer.Ordinal))}", " ");
        return Read(json, new(id, $"{parentPath}:{id}", known), level, where);
    }

    Activity Read(JsonObject json, Activity activity, int level, string where)
    {
        var (inputs, outputs, settings) = (new Dictionary<string, Expression>(), new Dictionary<string, string>(), new JsonObject());
        foreach (var (name, value) in json)
        {
            if (value is null || NotInputs.Contains(name)) continue;
            var property = value as JsonObject;
            if (property?["expression"] is JsonObject expression) inputs[name] = ReadExpression(expression, $"{where}, input '{name}'");
            else if (property?["memoryReference"] is JsonObject reference) outputs[name] = Text(reference, "id");
            else if (property?.ContainsKey("expression") != true) settings[name] = value.DeepClone();
        }
        if (activity.Type.Unsupported.FirstOrDefault(n => inputs.GetValueOrDefault(n) is not (null or Expression.Literal { Value: null })) is { } unheeded)
            throw Broken(where, $"gives '{unheeded}', which this runtime does not heed; expected it to be left out", " ");
        foreach (var name in activity.Type.Unsupported) inputs.Remove(name);
        return ReadNested(json, activity with
        {
            Name = Text(json, "name") is { Length: > 0 } called ? called : null,
            Inputs = inputs,
            Outputs = outputs,
            Settings = settings,
            CanStart = json["customProperties"] is JsonObject custom && custom["canStartWorkflow"]?.GetValueKind() == JsonValueKind.True,
            Cases = [.. Items(json["cases"]).Select(c => new SwitchCase(
                Text(c, "label"), ReadExpression(c["condition"] as JsonObject ?? [], $"{where}, case '{Text(c, "label")}'")))],
        }, level);
    }

    Activity ReadNested(JsonObject json, Activity activity, int level)
    {
        Activity Child(JsonObject child) => Read(child, activity.NodePath, level + 1);
        if (activity.Type.Name == ActivityCatalog.If)
        {
            var (then, otherwise) = (json["then"] is JsonObject t ? Child(t) : null, json["else"] is JsonObject e ? Child(e) : null);
            return activity with { Then = then, Else = otherwise, Activities = [.. new[] { then, otherwise }.OfType<Activity>()] };
        }
        if (!activity.Type.IsContainer) return activity;
        return activity with
        {
            Variables = [.. Items(json["variables"]).Select(v => ReadVariable(v, source))],
            Activities = [.. Items(json["activities"]).Select(Child)],
            Connections = [.. Items(json["connections"]).Select(c => ReadConnection(c, activity.Id))],
        };
    }

    static Expression ReadExpression(JsonObject json, string where)
    {
        var (type, value) = (Text(json, "type"), json["value"]);
        return type switch
        {
            "Literal" when value is null or JsonValue => new Expression.Literal(value?.DeepClone()),
            "Literal" => throw Broken(where, $"the literal is {value.ToJsonString()}; expected a text, number or boolean, or an expression of type Object"),
            "Variable" when value is JsonObject variable => new Expression.Variable(Text(variable, "id")),
            "Object" => new Expression.ObjectText(value?.DeepClone()),
            "JavaScript" => new Expression.JavaScript(value?.ToString() ?? ""),
            _ => throw Broken(where, $"the expression type '{type}' is not one that this runtime evaluates; known are JavaScript, Literal, Object, Variable"),
        };
    }

    Connection ReadConnection(JsonObject json, string container)
    {
        if (++_connections > MaxConnections)
            throw Broken($"{source}: activity '{container}'", $"has connection number {_connections}; a definition holds at most {MaxConnections} connections", " ");
        var (from, to) = (json["source"] as JsonObject ?? [], json["target"] as JsonObject ?? []);
        return new(Text(from, "activity"), Port(from, "Done"), Text(to, "activity"), Port(to, "In"));
    }

    static string Port(JsonObject endpoint, string missing) => Text(endpoint, "port") is { Length: > 0 } port ? port : missing;
}
