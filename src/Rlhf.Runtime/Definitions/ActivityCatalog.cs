using System.Text.Json.Nodes;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// What an activity type takes, gives and answers. <see cref="Step"/> is null for the activities that the interpreter runs itself.
/// </summary>
public sealed record ActivityType(
    string Name, IReadOnlyList<ActivityInput> Inputs, IReadOnlyList<ActivityOutput> Outputs, IReadOnlyList<string> Outcomes,
    StepDescription? Step = null);

/// <summary>
/// An input by the name of its property; a null type takes the type of whatever it is assigned to. The default is what an activity of
/// Elsa's has where the file gives nothing; a step's own defaults stay with the step.
/// </summary>
public sealed record ActivityInput(string Property, ScalarType? Type, bool Required, JsonNode? Default = null);

/// <summary>An output: the property in the file, and the name that the step gives it.</summary>
public sealed record ActivityOutput(string Property, string Name, ScalarType Type);

/// <summary>Every activity type that this runtime runs: a few of Elsa's, and all steps.</summary>
internal sealed class ActivityCatalog
{
    public const string Flowchart = "Elsa.Flowchart", Start = "Elsa.Start", End = "Elsa.End", FlowDecision = "Elsa.FlowDecision",
        SetVariable = "Elsa.SetVariable", WriteLine = "Elsa.WriteLine";

    /// <summary>Besides a step's inputs and hparams: the artifact of hparams that those not given come from.</summary>
    public const string Preset = "preset";

    readonly Dictionary<string, ActivityType> _types;

    public ActivityCatalog(IEnumerable<StepDescription> steps) =>
        _types = BuiltIn().Concat(steps.Select(OfStep)).ToDictionary(t => t.Name, StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _types.Keys;

    public ActivityType? Find(string type) => _types.GetValueOrDefault(type);

    static IEnumerable<ActivityType> BuiltIn() =>
    [
        new(Start, [], [], ["Done"]),
        new(End, [], [], []),
        new(FlowDecision, [new("condition", ScalarType.Boolean, true, Default: false)], [], ["True", "False"]),
        new(SetVariable, [new("value", null, true)], [], ["Done"]),
        new(WriteLine, [new("text", ScalarType.String, true)], [], ["Done"]),
    ];

    static ActivityType OfStep(StepDescription step)
    {
        var inputs = step.Inputs.Concat(step.HParams.Select(f => f with { Required = false }))
            .Select(f => new ActivityInput(f.Name, TypeOf(step, f), f.Required))
            .Append(new(Preset, ScalarType.String, false)).ToList();
        var outputs = step.Outputs.Select(f => new ActivityOutput(OutputProperty(f.Name, inputs), f.Name, TypeOf(step, f))).ToList();
        return new(step.ActivityType, inputs, outputs, step.Outcomes, step);
    }

    // Inputs and outputs are properties of one object in Elsa's JSON: an output that is called like an input is written as newName.
    static string OutputProperty(string name, List<ActivityInput> inputs) =>
        inputs.Any(i => i.Property == name) ? "new" + char.ToUpperInvariant(name[0]) + name[1..] : name;

    static ScalarType TypeOf(StepDescription step, StepField field) =>
        Scalars.TryParseType(field.TypeName, out var type) ? type
        : throw new ArgumentException(
            $"Step {step.Name}, field '{field.Name}': {field.TypeName} cannot cross a workflow file; expected a text, number or boolean.");
}
