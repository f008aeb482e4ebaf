namespace Rlhf.Runtime.Library;

/// <summary>
/// The parts of a definition that Elsa reads into types of its own (WorkflowDefinitionModel of elsa-api-client 3.8.2), and what those have: a sender that knows no more,
/// such as Studio, hands nothing else on. Everything else of a definition it hands on as it is.
/// </summary>
internal static class TypedMembers
{
    static readonly Dictionary<string, HashSet<string>> Parts = new()
    {
        ["inputs"] = ["uiHint", "storageDriverType", "type", "isArray", "name", "displayName", "description", "category"],
        ["outputs"] = ["type", "isArray", "name", "displayName", "description", "category"],
        ["variables"] = ["id", "name", "typeName", "isArray", "value", "storageDriverTypeName"],
        ["options"] = ["activationStrategyType", "usableAsActivity", "autoUpdateConsumingWorkflows", "activityCategory", "incidentStrategyType", "commitStrategyName"],
    };

    /// <summary>True where a part has a type of Elsa's.</summary>
    public static bool AreOf(string part) => Parts.ContainsKey(part);

    public static bool Have(string part, string member) => Parts[part].Contains(member);
}
