using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// An Elsa 3 workflow definition as this runtime reads it. <see cref="Source"/> is the file, for messages; everything else stands in the
/// file.
/// </summary>
public sealed record WorkflowDefinition(string DefinitionId, string Name, string Description, Flowchart Root)
{
    public string Source { get; init; } = "";

    public IReadOnlyList<WorkflowVariable> Variables { get; init; } = [];

    public IReadOnlyList<WorkflowInput> Inputs { get; init; } = [];

    public IReadOnlyList<WorkflowOutput> Outputs { get; init; } = [];
}

/// <summary>A variable; null where it has no default. Addressed by id, named in scripts.</summary>
public sealed record WorkflowVariable(string Id, string Name, ScalarType Type, JsonNode? Default);

/// <summary>An input of the workflow; <paramref name="Default"/> holds where the caller gives none.</summary>
public sealed record WorkflowInput(string Name, ScalarType Type, JsonNode? Default, string Description);

/// <summary>An output of the workflow: set by an activity's output that is bound to its name.</summary>
public sealed record WorkflowOutput(string Name, ScalarType Type, string Description);

/// <summary>The one container there is so far: activities and the connections between them, in the order of the file.</summary>
public sealed record Flowchart(string Id, IReadOnlyList<Activity> Activities, IReadOnlyList<Connection> Connections);

/// <summary>
/// A place in a flowchart. Outputs map a property to the id of a variable, or the name of a workflow output; settings are the properties
/// that are neither, such as the variable of a SetVariable.
/// </summary>
public sealed record Activity(string Id, string NodePath, ActivityType Type)
{
    public IReadOnlyDictionary<string, Expression> Inputs { get; init; } = new Dictionary<string, Expression>();

    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string>();

    public JsonObject Settings { get; init; } = [];

    /// <summary>Where no Start activity stands in the flowchart, the first activity that can start the workflow is the start.</summary>
    public bool CanStart { get; init; }

    /// <summary>The variable that a SetVariable assigns, or the empty text.</summary>
    public string TargetVariable => Settings["variable"] is JsonObject variable ? variable["id"]?.ToString() ?? "" : "";
}

/// <summary>From a port of one activity to another activity.</summary>
public sealed record Connection(string Source, string Port, string Target, string TargetPort = "In")
{
    public override string ToString() => $"{Source}:{Port}->{Target}";
}

/// <summary>How the value of an input comes about.</summary>
public abstract record Expression
{
    Expression() { }

    /// <summary>A text, number or boolean as it stands.</summary>
    public sealed record Literal(JsonNode? Value) : Expression;

    /// <summary>The value of the variable with this id.</summary>
    public sealed record Variable(string Id) : Expression;

    /// <summary>The result of a script.</summary>
    public sealed record JavaScript(string Script) : Expression;
}
