using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// Reads Elsa 3's JSON. What this runtime does not run (a type of activity, expression or variable, an input that nothing heeds) is refused
/// by name, with file and activity id; what is merely wrong is left to the lint.
/// </summary>
internal sealed class DefinitionReader(ActivityCatalog catalog)
{
    public const int MaxActivities = 2000;

    /// <summary>In all containers together.</summary>
    public const int MaxConnections = 10_000;

    /// <summary>Containers and branches in each other.</summary>
    public const int MaxLevels = 16;

    // Enough to read how deep a file goes and where, before it is refused.
    static readonly JsonDocumentOptions Deep = new() { MaxDepth = 10_000 };

    /// <exception cref="InvalidDataException">The text is no definition, or holds something that is not supported.</exception>
    public WorkflowDefinition Read(string json, string source)
    {
        try
        {
            var top = JsonNode.Parse(json, null, Deep) as JsonObject ?? throw Broken(source, "expected a JSON object with a 'root'");
            return Read(top, source);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            // InvalidOperationException and FormatException: a member is of another JSON type than it must be. ArgumentException: a member
            // stands twice in one object.
            throw new InvalidDataException($"{source}: not an Elsa workflow definition: {e.Message}", e);
        }
    }

    WorkflowDefinition Read(JsonObject top, string source)
    {
        var options = top["options"] as JsonObject;
        var id = (string?)top["definitionId"] is { Length: > 0 } given ? given : throw Broken(source, "'definitionId' is missing");
        // Without a root Elsa takes an empty sequence.
        var root = top["root"] as JsonObject ?? new() { ["id"] = "Sequence1", ["type"] = ActivityCatalog.Sequence };
        return new(id, (string?)top["name"] ?? id, (string?)top["description"] ?? "", ReadRoot(root, source))
        {
            Source = source,
            Singleton = Option(options, "activationStrategyType", ["SingletonStrategy"], source) == "SingletonStrategy",
            ContinuesWithIncidents = Option(
                options, "incidentStrategyType", ["FaultStrategy", "ContinueWithIncidentsStrategy"], source) == "ContinueWithIncidentsStrategy",
            CustomProperties = (top["customProperties"] as JsonObject ?? []).Where(p => p.Value is JsonValue)
                .ToDictionary(p => p.Key, p => p.Value!.DeepClone(), StringComparer.Ordinal),
            Variables = [.. Items(top["variables"]).Select(v => ReadVariable(v, source))],
            Inputs = [.. Items(top["inputs"]).Select(i => ReadInput(i, source))],
            Outputs = [.. Items(top["outputs"]).Select(o => new WorkflowOutput(
                Text(o, "name"), TypeOf(o, "type", $"{source}: output '{Text(o, "name")}'"), Text(o, "description")))],
        };
    }

    // A type of .NET, such as Elsa.Workflows.IncidentStrategies.FaultStrategy, Elsa.Workflows.Core.
    static string? Option(JsonObject? options, string name, string[] known, string source)
    {
        if ((string?)options?[name] is not { Length: > 0 } value) return null;
        var strategy = value.Split(',')[0].Split('.')[^1];
        return known.Contains(strategy, StringComparer.Ordinal) ? strategy
            : throw Broken(source, $"option '{name}' is '{value}', which this runtime does not support; expected {string.Join(" or ", known)}");
    }

    Activity ReadRoot(JsonObject json, string source)
    {
        var root = new ActivityReader(catalog, source).Read(json, "Workflow1", level: 1);
        return root.Type.IsContainer ? root
            : throw Broken(
                $"{source}: activity '{root.Id}' (the root)",
                $"is of type '{root.Type.Name}'; this runtime runs {ActivityCatalog.Flowchart} or {ActivityCatalog.Sequence} as root", " ");
    }

    internal static WorkflowVariable ReadVariable(JsonObject json, string source)
    {
        var name = Text(json, "name");
        var where = $"{source}: variable '{name}'";
        var type = TypeOf(json, "typeName", where);
        // As in Elsa, the empty text as a default is no default.
        var value = json["value"] is { } given && given.ToString().Length > 0 ? given.DeepClone() : null;
        return new(Text(json, "id"), name, type, Converted(value, type, where));
    }

    static WorkflowInput ReadInput(JsonObject json, string source)
    {
        var name = Text(json, "name");
        var where = $"{source}: input '{name}'";
        var type = TypeOf(json, "type", where);
        return new(name, type, Converted(json["defaultValue"], type, where), Text(json, "description"));
    }

    static DataType TypeOf(JsonObject json, string member, string where) =>
        DataType.TryParse(Text(json, member), json["isArray"]?.GetValueKind() == JsonValueKind.True, out var type) ? type
        : throw Broken(where, $"is of type '{Text(json, member)}'; expected {string.Join(", ", Enum.GetNames<ValueKind>())} or a list of one of them", " ");

    static JsonNode? Converted(JsonNode? value, DataType type, string where) =>
        Values.TryConvert(value, type, out var converted, out var reason) ? converted?.DeepClone() : throw Broken(where, $"its default {reason}");

    internal static InvalidDataException Broken(string where, string reason, string separator = ": ") => new($"{where}{separator}{reason}.");

    internal static string Text(JsonObject json, string member) => (string?)json[member] ?? "";

    internal static IEnumerable<JsonObject> Items(JsonNode? list) => (list as JsonArray)?.OfType<JsonObject>() ?? [];
}
