using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Expressions;

/// <summary>What a script may see, the time of the event, and a random stream of its own.</summary>
internal sealed record ScriptScope(DateTimeOffset Now, string RandomStream)
{
    /// <summary>The inputs of the workflow by name.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Inputs { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>By name; of two with one name, the one of the inner container.</summary>
    public IReadOnlyDictionary<string, ScriptVariable> Variables { get; init; } = new Dictionary<string, ScriptVariable>();

    /// <summary>The newest outputs of each activity that has any, by the activity's id.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Results { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>The ids of all activities that have outputs, whether or not they have run.</summary>
    public IReadOnlyList<string> Producers { get; init; } = [];

    public JsonNode? LastResult { get; init; }

    /// <summary>After which a script is stopped that no other bound has ended.</summary>
    public TimeSpan WallClock { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>True for the script of a RunJavaScript.</summary>
    public bool SetsOutcomes { get; init; }
}

/// <summary>A variable as scripts see it.</summary>
internal sealed record ScriptVariable(DataType Type, JsonNode? Value);

/// <summary>What a script gave, the variables it changed by name, and the outcomes it set; null where it set none.</summary>
internal sealed record ScriptResult(JsonNode? Value, IReadOnlyDictionary<string, JsonNode?> Written, IReadOnlyList<string>? Outcomes = null)
{
    public static readonly IReadOnlyDictionary<string, JsonNode?> Nothing = new Dictionary<string, JsonNode?>();
}

/// <summary>A script failed in a way that it would fail again.</summary>
internal sealed class ScriptException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A script was stopped by the clock; whoever runs the interpreter records that as part of the event.</summary>
internal sealed class ScriptStoppedException(string message) : Exception(message)
{
    /// <summary>The activity execution whose script it was.</summary>
    public string Execution { get; init; } = "";
}
