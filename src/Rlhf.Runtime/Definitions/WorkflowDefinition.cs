using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// An Elsa 3 workflow definition as this runtime reads it: a tree of activities with a container at its root. <see cref="Source"/> is the
/// file, for messages; everything else stands in the file.
/// </summary>
public sealed record WorkflowDefinition(string DefinitionId, string Name, string Description, Activity Root)
{
    readonly Lazy<Dictionary<string, Activity>> _byId = new(() => Root.Tree().ToDictionary(a => a.Id, StringComparer.Ordinal));

    public string Source { get; init; } = "";

    public IReadOnlyList<WorkflowVariable> Variables { get; init; } = [];

    public IReadOnlyList<WorkflowInput> Inputs { get; init; } = [];

    public IReadOnlyList<WorkflowOutput> Outputs { get; init; } = [];

    /// <summary>The file's own <c>customProperties</c> that are texts, numbers or booleans.</summary>
    public IReadOnlyDictionary<string, JsonNode> CustomProperties { get; init; } = new Dictionary<string, JsonNode>();

    /// <summary>At most one instance is open at a time; whoever starts instances sees to it.</summary>
    public bool Singleton { get; init; }

    /// <summary>After a failure other branches go on; otherwise the instance is faulted at once.</summary>
    public bool ContinuesWithIncidents { get; init; }

    /// <summary>Every activity of the tree, containers included, a container before what is in it.</summary>
    public IEnumerable<Activity> Activities => Root.Tree();

    /// <summary>The activity with this id, wherever it stands, or null.</summary>
    public Activity? Find(string id) => _byId.Value.GetValueOrDefault(id);

    public bool Equals(WorkflowDefinition? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => DefinitionId.GetHashCode(StringComparison.Ordinal);
}

/// <summary>A variable; null where it has no default. Addressed by id, named in scripts.</summary>
public sealed record WorkflowVariable(string Id, string Name, DataType Type, JsonNode? Default);

/// <summary>An input of the workflow; <paramref name="Default"/> holds where the caller gives none.</summary>
public sealed record WorkflowInput(string Name, DataType Type, JsonNode? Default, string Description);

/// <summary>An output of the workflow: set by SetOutput, or by an activity's output that is bound to its name.</summary>
public sealed record WorkflowOutput(string Name, DataType Type, string Description);

/// <summary>
/// A place in a workflow. Outputs map a property to the id of a variable, or the name of a workflow output; settings are the properties
/// that are neither, such as the variable of a SetVariable.
/// </summary>
public sealed record Activity(string Id, string NodePath, ActivityType Type)
{
    /// <summary>What the file calls it beside its id; null where nothing.</summary>
    public string? Name { get; init; }

    public IReadOnlyDictionary<string, Expression> Inputs { get; init; } = new Dictionary<string, Expression>();

    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string>();

    public JsonObject Settings { get; init; } = [];

    /// <summary>Where no Start activity stands in the flowchart, the first activity that can start the workflow is the start.</summary>
    public bool CanStart { get; init; }

    /// <summary>Of a container: what is in it, in the order of the file. Of an If: what its branches hold.</summary>
    public IReadOnlyList<Activity> Activities { get; init; } = [];

    /// <summary>Of a flowchart.</summary>
    public IReadOnlyList<Connection> Connections { get; init; } = [];

    /// <summary>Of a container: seen by everything in it, and hiding those of the same name outside.</summary>
    public IReadOnlyList<WorkflowVariable> Variables { get; init; } = [];

    /// <summary>Of an If: what runs where the condition holds, and where it does not.</summary>
    public Activity? Then { get; init; }

    public Activity? Else { get; init; }

    /// <summary>Of a FlowSwitch: labels with their conditions.</summary>
    public IReadOnlyList<SwitchCase> Cases { get; init; } = [];

    /// <summary>The variable that a SetVariable assigns, or the empty text.</summary>
    public string TargetVariable => Settings["variable"] is JsonObject variable ? variable["id"]?.ToString() ?? "" : "";

    public bool Equals(Activity? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    /// <summary>This activity and everything in it.</summary>
    public IEnumerable<Activity> Tree() => Activities.SelectMany(a => a.Tree()).Prepend(this);
}

/// <summary>A case of a switch: its label is the outcome where the condition holds.</summary>
public sealed record SwitchCase(string Label, Expression Condition);

/// <summary>From a port of one activity to another activity of the same flowchart.</summary>
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

    /// <summary>JSON as text, read where the input is a list or a dictionary and left as text elsewhere.</summary>
    public sealed record ObjectText(JsonNode? Value) : Expression;

    /// <summary>The result of a script.</summary>
    public sealed record JavaScript(string Script) : Expression;
}
