using System.Text.Json.Nodes;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Definitions;

/// <summary>
/// What an activity type takes, gives and answers. <see cref="Step"/> is null for the activities that the interpreter runs itself;
/// outcomes are those every activity of the type has.
/// </summary>
public sealed record ActivityType(
    string Name, IReadOnlyList<ActivityInput> Inputs, IReadOnlyList<ActivityOutput> Outputs, IReadOnlyList<string> Outcomes,
    StepDescription? Step = null)
{
    /// <summary>Inputs of Elsa's that nothing here heeds: a file that gives them a value is refused.</summary>
    public IReadOnlyList<string> Unsupported { get; init; } = [];

    public bool IsContainer => Name is ActivityCatalog.Flowchart or ActivityCatalog.Sequence;

    /// <summary>End and Finish: nothing in the same container follows them.</summary>
    public bool IsTerminal => Name is ActivityCatalog.End or ActivityCatalog.Finish;
}

/// <summary>
/// An input by the name of its property and the type it is converted to. The default is what an activity of Elsa's has where the file gives
/// nothing; a step's own defaults stay with the step.
/// </summary>
public sealed record ActivityInput(string Property, DataType Type, bool Required = false, JsonNode? Default = null);

/// <summary>An output: the property in the file, and the name that the step gives it.</summary>
public sealed record ActivityOutput(string Property, string Name, DataType Type);

/// <summary>Every activity type that this runtime runs: those of Elsa's below, and all steps.</summary>
internal sealed class ActivityCatalog
{
    public const string Flowchart = "Elsa.Flowchart", Sequence = "Elsa.Sequence", Start = "Elsa.Start", End = "Elsa.End",
        Finish = "Elsa.Finish", Fault = "Elsa.Fault", FlowDecision = "Elsa.FlowDecision", FlowSwitch = "Elsa.FlowSwitch",
        FlowFork = "Elsa.FlowFork", FlowJoin = "Elsa.FlowJoin", If = "Elsa.If", SetVariable = "Elsa.SetVariable",
        SetOutput = "Elsa.SetOutput", RunJavaScript = "Elsa.RunJavaScript", WriteLine = "Elsa.WriteLine", Delay = "Elsa.Delay",
        Timer = "Elsa.Timer", Cron = "Elsa.Cron", Event = "Elsa.Event", PublishEvent = "Elsa.PublishEvent",
        DispatchWorkflow = "Elsa.DispatchWorkflow";

    /// <summary>Besides a step's inputs and hparams: the artifact of hparams that those not given come from.</summary>
    public const string Preset = "preset";

    /// <summary>What the activities of Elsa's that have a result call it.</summary>
    public const string Result = "Result";

    static readonly string[] Done = ["Done"];

    readonly Dictionary<string, ActivityType> _types;

    public ActivityCatalog(IEnumerable<StepDescription> steps) =>
        _types = BuiltIn().Concat(steps.Select(OfStep)).ToDictionary(t => t.Name, StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _types.Keys;

    /// <summary>All types, Elsa's own first.</summary>
    public IReadOnlyList<ActivityType> All => [.. _types.Values];

    public ActivityType? Find(string type) => _types.GetValueOrDefault(type);

    static IEnumerable<ActivityType> BuiltIn()
    {
        ActivityOutput[] result = [new("result", Result, DataType.Any)];
        return
        [
            new(Flowchart, [], [], Done),
            new(Sequence, [], [], Done),
            new(Start, [], [], Done),
            new(End, [], [], []),
            new(Finish, [], [], []),
            new(Fault, [Text("code"), Text("category"), Text("faultType"), Text("message")], [], []),
            new(FlowDecision, [new("condition", DataType.Boolean, true, Default: false)], [], ["True", "False"]),
            new(FlowSwitch, [Text("mode", "MatchFirst")], [], ["Default"]),
            new(FlowFork, [new("branches", DataType.Texts)], [], []),
            new(FlowJoin, [Text("mode", "WaitAny")], [], Done),
            new(If, [new("condition", DataType.Boolean, true, Default: false)], [new("result", Result, DataType.Boolean)], Done),
            new(SetVariable, [new("value", DataType.Any, true)], [], Done),
            new(SetOutput, [new("outputName", DataType.Text, true), new("outputValue", DataType.Any, true)], [], Done),
            new(RunJavaScript, [new("script", DataType.Text, true), new("possibleOutcomes", DataType.Texts)], result, Done),
            new(WriteLine, [new("text", DataType.Text, true)], [], Done),
            new(Delay, [Text("timeSpan", "00:01:00")], [], Done),
            new(Timer, [Text("interval", "00:01:00")], [], Done),
            new(Cron, [new("cronExpression", DataType.Text, true)], [], Done),
            new(Event, [new("eventName", DataType.Text, true)], result, Done),
            new(PublishEvent, [new("eventName", DataType.Text, true), new("isLocalEvent", DataType.Boolean), new("payload", DataType.Any)], [], Done)
            {
                Unsupported = ["correlationId"],
            },
            new(DispatchWorkflow,
                [new("workflowDefinitionId", DataType.Text, true), new("input", DataType.Dictionary), new("waitForCompletion", DataType.Boolean)], result, Done)
            {
                Unsupported = ["correlationId", "startNewTrace", "channelName"],
            },
        ];
    }

    static ActivityInput Text(string property, string? value = null) => new(property, DataType.Text, Default: value);

    static ActivityType OfStep(StepDescription step)
    {
        var inputs = step.Inputs.Concat(step.HParams.Select(f => f with { Required = false }))
            .Select(f => new ActivityInput(f.Name, TypeOf(step, f), f.Required))
            .Append(new(Preset, DataType.Text)).ToList();
        var outputs = step.Outputs.Select(f => new ActivityOutput(OutputProperty(f.Name, inputs), f.Name, TypeOf(step, f))).ToList();
        return new(step.ActivityType, inputs, outputs, step.Outcomes, step);
    }

    // Inputs and outputs are properties of one object in Elsa's JSON: an output that is called like an input is written as newName.
    static string OutputProperty(string name, List<ActivityInput> inputs) =>
        inputs.Any(i => i.Property == name) ? "new" + char.ToUpperInvariant(name[0]) + name[1..] : name;

    static DataType TypeOf(StepDescription step, StepField field) =>
        DataType.TryParse(field.TypeName, isArray: false, out var type) && type.Kind < ValueKind.Object ? type
        : throw new ArgumentException(
            $"Step {step.Name}, field '{field.Name}': {field.TypeName} cannot cross a workflow file; expected a text, number or boolean.");
}
