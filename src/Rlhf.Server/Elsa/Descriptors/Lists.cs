using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>What Studio offers besides activities: only what this runtime heeds.</summary>
static class Lists
{
    public static IEnumerable<JsonNode> Expressions =>
    [
        Expression("Literal", isBrowsable: false),
        Expression("Object", isBrowsable: false, "json"),
        Expression("JavaScript", isBrowsable: true, "javascript"),
        Expression("Variable", isBrowsable: true),
    ];

    public static IEnumerable<JsonNode> Variables => Enum.GetValues<ValueKind>().Select(kind => Named(
        [("typeName", $"{kind}"), ("displayName", $"{kind}"), ("category", kind is ValueKind.Object or ValueKind.ObjectDictionary ? "Dynamic" : "Primitives"), ("description", kind switch
        {
            ValueKind.String => "A text.",
            ValueKind.Int32 => "A whole number of 32 bits.",
            ValueKind.Int64 => "A whole number of 64 bits.",
            ValueKind.Double => "A number.",
            ValueKind.Boolean => "True or false.",
            ValueKind.Object => "Any JSON value.",
            _ => "A JSON object.",
        })]));

    // Here every variable is part of the instance: nothing is lost at a restart, and there is no other place to choose.
    public static IEnumerable<JsonNode> StorageDrivers =>
    [
        new JsonObject
        {
            ["typeName"] = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core",
            ["displayName"] = "Workflow Instance",
            ["priority"] = 5,
            ["deprecated"] = false,
        },
    ];

    public static IEnumerable<JsonNode> Incidents =>
    [
        Strategy("Fault", "A failure faults the instance.", "Elsa.Workflows.IncidentStrategies.FaultStrategy, Elsa.Workflows.Core"),
        Strategy("Continue with incidents", "Other branches go on after a failure.", "Elsa.Workflows.IncidentStrategies.ContinueWithIncidentsStrategy, Elsa.Workflows.Core"),
    ];

    public static IEnumerable<JsonNode> Activations =>
    [
        Strategy("Singleton", "At most one open instance of the workflow at a time.", "Elsa.Workflows.Runtime.ActivationValidators.SingletonStrategy, Elsa.Workflows.Runtime"),
    ];

    // The log has everything, always.
    public static IEnumerable<JsonNode> LogPersistence =>
    [
        Strategy("Include", "Inputs and outputs stand in the log.", "Elsa.Workflows.LogPersistence.Strategies.Include, Elsa.Workflows.Core"),
    ];

    public static IEnumerable<JsonNode> WorkflowCommits =>
    [
        Named([("name", "ActivityExecuted"), ("displayName", "After each activity"), ("description", "Each change of an instance is stored before anything follows from it; there is no other way here.")]),
    ];

    public static IEnumerable<JsonNode> ActivityCommits =>
    [
        Named([("name", "CommitAlways"), ("displayName", "Before and after"), ("description", "An activity's start and its end are stored; there is no other way here.")]),
    ];

    static JsonNode Expression(string type, bool isBrowsable, string? language = null) => new JsonObject
    {
        ["type"] = type,
        ["displayName"] = type,
        ["isSerializable"] = true,
        ["isBrowsable"] = isBrowsable,
        ["properties"] = language is null ? [] : new JsonObject { ["MonacoLanguage"] = language },
    };

    static JsonNode Strategy(string name, string description, string type) => Named([("displayName", name), ("description", description), ("typeName", type)]);

    static JsonNode Named((string Name, string Value)[] members) => new JsonObject(members.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Value)));
}
