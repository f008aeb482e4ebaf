using Rlhf.Runtime.Definitions;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>What Studio has to know of an input besides its type.</summary>
/// <param name="Name">As Elsa writes it: the property of the file with a capital.</param>
/// <param name="Hint">The editor that Studio shows.</param>
sealed record InputFacts(string Name, string DisplayName, string Description, string Hint = Hints.SingleLine)
{
    /// <summary>Elsa's name of the type, where it is another one than the runtime's.</summary>
    public string? TypeName { get; init; }

    /// <summary>False for what stands in the file as it is, without an expression around it.</summary>
    public bool IsWrapped { get; init; } = true;

    public IReadOnlyList<string> Choices { get; init; } = [];
}

/// <summary>The editors of Studio by their names.</summary>
static class Hints
{
    public const string SingleLine = "singleline", CheckBox = "checkbox", DropDown = "dropdown", Code = "code-editor", Outcomes = "dynamic-outcomes",
        Cases = "flow-switch-editor", Variable = "variable-picker", Output = "output-picker", Definition = "workflow-definition-picker", Json = "json-editor";
}

/// <summary>Elsa's own facts of an activity of its own.</summary>
/// <param name="ClrType">Elsa's class with its assembly.</param>
/// <param name="Embedded">Ports that hold an activity instead of leading to one.</param>
sealed record ActivityFacts(string ClrType, string Category, string DisplayName, string Description, params InputFacts[] Inputs)
{
    public bool IsTrigger { get; init; }

    public IReadOnlyList<string> Embedded { get; init; } = [];

    /// <summary>Whether Studio shows it among those to choose from; containers are the canvas itself.</summary>
    public bool IsBrowsable { get; init; } = true;
}

/// <summary>Elsa's facts of those of its activities that this runtime runs, by type.</summary>
static class ElsaActivities
{
    const string Core = "Elsa.Workflows.Core", Runtime = "Elsa.Workflows.Runtime", Scheduling = "Elsa.Scheduling";

    public static ActivityFacts? Find(ActivityType type) => Known.GetValueOrDefault(type.Name);

    static readonly Dictionary<string, ActivityFacts> Known = new(StringComparer.Ordinal)
    {
        ["Elsa.Flowchart"] = new(Of("Elsa.Workflows.Activities.Flowchart.Activities.Flowchart", Core), "Flow", "Flowchart", "Activities that lead to one another.") { Embedded = ["Start"], IsBrowsable = false },
        ["Elsa.Sequence"] = new(Of("Elsa.Workflows.Activities.Sequence", Core), "Workflows", "Sequence", "Activities one after another.") { IsBrowsable = false },
        ["Elsa.Start"] = new(Of("Elsa.Workflows.Activities.Start", Core), "Flow", "Start", "Where a flowchart begins."),
        ["Elsa.End"] = new(Of("Elsa.Workflows.Activities.End", Core), "Flow", "End", "Where a flowchart ends: it is complete, and what is still open in it is cancelled."),
        ["Elsa.Finish"] = new(Of("Elsa.Workflows.Activities.Finish", Core), "Primitives", "Finish", "Ends the whole workflow at once."),
        ["Elsa.Fault"] = new(
            Of("Elsa.Workflows.Activities.Fault", Core), "Primitives", "Fault", "Fails, with a reason.",
            new("Code", "Code", "A code of the failure, shown where there is no message."), new("Category", "Category", "What kind of failure it is."),
            new("FaultType", "Type", "Whose failure it is."), new("Message", "Message", "The reason in words.")),
        ["Elsa.FlowDecision"] = new(
            Of("Elsa.Workflows.Activities.Flowchart.Activities.FlowDecision", Core), "Branching", "Decision", "Goes one way or the other.",
            new InputFacts("Condition", "Condition", "True or false.")),
        ["Elsa.FlowSwitch"] = new(
            Of("Elsa.Workflows.Activities.Flowchart.Activities.FlowSwitch", Core), "Branching", "Switch (flow)", "Goes the way of the case that holds.",
            new("Cases", "Cases", "Labels with their conditions.", Hints.Cases)
            {
                TypeName = "System.Collections.Generic.ICollection`1[[Elsa.Workflows.Activities.Flowchart.Models.FlowSwitchCase, Elsa.Workflows.Core]], System.Private.CoreLib",
                IsWrapped = false,
            },
            new("Mode", "Mode", "Whether the first case that holds counts, or each.", Hints.DropDown) { TypeName = "Elsa.Workflows.SwitchMode, Elsa.Workflows.Core", Choices = ["MatchFirst", "MatchAny"] }),
        ["Elsa.FlowFork"] = new(
            Of("Elsa.Workflows.Activities.Flowchart.Activities.FlowFork", Core), "Branching", "Fork (flow)", "Goes several ways at once.",
            new InputFacts("Branches", "Branches", "The names of the ways.", Hints.Outcomes)),
        ["Elsa.FlowJoin"] = new(
            Of("Elsa.Workflows.Activities.Flowchart.Activities.FlowJoin", Core), "Branching", "Join", "Brings several ways together.",
            new InputFacts("Mode", "Mode", "Goes on with the first that comes (WaitAny), once all have come (WaitAll), or once all have come that can (WaitAllActive).", Hints.DropDown)
            {
                TypeName = "Elsa.Workflows.Activities.Flowchart.Models.FlowJoinMode, Elsa.Workflows.Core",
                Choices = ["WaitAll", "WaitAllActive", "WaitAny"],
            }),
        ["Elsa.If"] = new(
            Of("Elsa.Workflows.Activities.If", Core), "Branching", "If", "Runs what stands in one branch or in the other.",
            new InputFacts("Condition", "Condition", "True or false."))
        { Embedded = ["Then", "Else"] },
        ["Elsa.SetVariable"] = new(
            Of("Elsa.Workflows.Activities.SetVariable", Core), "Primitives", "Set Variable", "Gives a variable another value.",
            new("Variable", "Variable", "Which one.", Hints.Variable) { TypeName = "Elsa.Workflows.Memory.Variable, Elsa.Workflows.Core", IsWrapped = false },
            new("Value", "Value", "Its new value.")),
        ["Elsa.SetOutput"] = new(
            Of("Elsa.Workflows.Management.Activities.SetOutput.SetOutput", "Elsa.Workflows.Management"), "Composition", "Set Output", "Sets an output of the workflow.",
            new("OutputName", "Output", "Which one.", Hints.Output), new("OutputValue", "Output Value", "Its value.")),
        ["Elsa.RunJavaScript"] = new(
            Of("Elsa.Expressions.JavaScript.Activities.RunJavaScript", "Elsa.Expressions.JavaScript"), "Scripting", "Run JavaScript", "Runs a script; its value is the result.",
            new("Script", "Script", "The script.", Hints.Code), new("PossibleOutcomes", "Possible Outcomes", "Outcomes that the script may set.", Hints.Outcomes)),
        ["Elsa.WriteLine"] = new(
            Of("Elsa.Workflows.Activities.WriteLine", Core), "Console", "Write Line", "Writes a line where the engine runs.", new InputFacts("Text", "Text", "The line.")),
        ["Elsa.Delay"] = new(
            Of("Elsa.Scheduling.Activities.Delay", Scheduling), "Scheduling", "Delay", "Waits for a while.",
            new InputFacts("TimeSpan", "Time Span", "How long, such as 00:05:00.") { TypeName = "TimeSpan" }),
        ["Elsa.Timer"] = new(
            Of("Elsa.Scheduling.Activities.Timer", Scheduling), "Scheduling", "Timer", "Starts the workflow, or goes on, after each interval.",
            new InputFacts("Interval", "Interval", "How long, such as 01:00:00.") { TypeName = "TimeSpan" })
        { IsTrigger = true },
        ["Elsa.Cron"] = new(
            Of("Elsa.Scheduling.Activities.Cron", Scheduling), "Scheduling", "Cron", "Starts the workflow, or goes on, at times of a calendar.",
            new InputFacts("CronExpression", "Cron Expression", "The times, such as 0 0 3 * * * for every night at three."))
        { IsTrigger = true },
        ["Elsa.Event"] = new(
            Of("Elsa.Workflows.Runtime.Activities.Event", Runtime), "Primitives", "Event", "Waits until something with a name happens.",
            new InputFacts("EventName", "Event Name", "The name; its case counts."))
        { IsTrigger = true },
        ["Elsa.PublishEvent"] = new(
            Of("Elsa.Workflows.Runtime.Activities.PublishEvent", Runtime), "Primitives", "Publish Event", "Tells whoever waits that something with a name has happened.",
            new("EventName", "Event Name", "The name; its case counts."), new("IsLocalEvent", "Local event", "Whether only this instance is told.", Hints.CheckBox),
            new("Payload", "Payload", "What comes with it.")),
        ["Elsa.DispatchWorkflow"] = new(
            Of("Elsa.Workflows.Runtime.Activities.DispatchWorkflow", Runtime), "Composition", "Dispatch Workflow", "Starts an instance of another workflow.",
            new("WorkflowDefinitionId", "Workflow Definition", "Which workflow.", Hints.Definition), new("Input", "Input", "Its inputs, as an object by name.", Hints.Json),
            new("WaitForCompletion", "Wait for Completion", "Whether to go on only when it has ended, with its outputs as the result.", Hints.CheckBox)),
    };

    static string Of(string type, string assembly) => $"{type}, {assembly}";
}
