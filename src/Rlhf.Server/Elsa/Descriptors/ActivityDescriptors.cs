using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Runtime.Definitions;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>Something to choose from a list: what is shown, and the value.</summary>
sealed record ListChoice(string Text, string Value);

/// <summary>The descriptors of all activities that the runtime runs, in Elsa's shape.</summary>
/// <param name="choices">What the fields of a step may be chosen from; null for a field that is written by hand.</param>
sealed partial class ActivityDescriptors(Func<StepDescription, StepField, IReadOnlyList<ListChoice>?> choices)
{
    /// <summary>The category of the steps in Studio's palette.</summary>
    public const string Steps = "RLHF";

    // The workflow itself stands in every journal; the other one is what Studio shows where an activity's type is unknown.
    static readonly ActivityFacts
        Workflow = new("Elsa.Workflows.Activities.Workflow, Elsa.Workflows.Core", "Workflows", "Workflow", "A workflow as a whole.") { Embedded = ["Root"], IsBrowsable = false },
        NotFound = new("Elsa.Workflows.Activities.NotFoundActivity, Elsa.Workflows.Core", "System", "Not Found Activity", "An activity that this runtime does not run.") { IsBrowsable = false };

    public IEnumerable<JsonObject> All(IEnumerable<ActivityType> types) =>
        types.Select(One).Append(WorkflowItself()).Append(OfElsa("Elsa.NotFoundActivity", NotFound, null));

    static JsonObject WorkflowItself()
    {
        var descriptor = OfElsa("Elsa.Workflow", Workflow, null);
        descriptor["outputs"] = new JsonArray(Output("Result", nameof(ValueKind.Object), "Result", "What it gives."));
        return descriptor;
    }

    public JsonObject One(ActivityType type) => type.Step is { } step ? OfStep(type, step)
        : OfElsa(type.Name, ElsaActivities.Find(type) ?? throw new NotSupportedException($"Elsa's facts of {type.Name} are missing."), type);

    /// <summary>A name as Elsa writes it: <c>learningRate</c> is <c>LearningRate</c>.</summary>
    public static string NameOf(string property) => char.ToUpperInvariant(property[0]) + property[1..];

    /// <summary>Words for people: <c>learningRate</c> is <c>Learning rate</c>.</summary>
    public static string WordsOf(string property)
    {
        var words = Capital().Replace(property, m => $" {m.Value.ToLowerInvariant()}").TrimStart();
        return char.ToUpperInvariant(words[0]) + words[1..];
    }

    JsonObject OfStep(ActivityType type, StepDescription step)
    {
        var preset = new StepField(StepDescription.Preset, typeof(string), false, null, null, null, "HParams of the steps; those that are given here come before it.");
        IEnumerable<JsonObject> inputs = [
            .. step.Inputs.Select(f => InputOf(step, f, null)),
            InputOf(step, preset, null),
            .. step.HParams.Select(f => InputOf(step, f, "HParams")),
        ];
        return Descriptor(
            step.ActivityType, $"{step.ActivityType}, Rlhf.Elsa", Steps, WordsOf(step.Name), step.Description, "Action", Ordered(inputs),
            new([.. step.Outputs.Select(o => Output(NameOf(o.WorkflowProperty), o.TypeName, WordsOf(o.Name), o.Description))]),
            Ports(type.Outcomes, []));
    }

    JsonObject InputOf(StepDescription step, StepField field, string? category)
    {
        var list = choices(step, field) ?? (field.Type.IsEnum ? [.. Enum.GetValues(field.Type).Cast<object>().Select(v => new ListChoice(TextOf(v), TextOf(v)))] : null);
        var input = Input(
            NameOf(field.Name), field.TypeName, WordsOf(field.Name), DescriptionOf(field), list is not null ? Hints.DropDown : field.Type == typeof(bool) ? Hints.CheckBox : Hints.SingleLine,
            field.Default is null ? null : CanonicalJson.ToNode(field.Default), list);
        if (category is not null) input["category"] = category;
        return input;
    }

    static string TextOf(object value) => CanonicalJson.ToNode(value)!.GetValue<string>();

    static string DescriptionOf(StepField field)
    {
        var range = field is { Minimum: { } least, Maximum: { } most } ? string.Create(CultureInfo.InvariantCulture, $" {least:R} to {most:R}.") : "";
        var standard = field.Default is { } value && CanonicalJson.ToNode(value) is { } node && node.ToJsonString() is var text and not "\"\"" ? $" Default {text.Trim('"')}." : field.Required ? " Required." : "";
        return $"{field.Description}{range}{standard}".Trim();
    }

    static JsonObject OfElsa(string name, ActivityFacts facts, ActivityType? type)
    {
        var inputs = facts.Inputs.Select(i =>
        {
            var own = type!.Inputs.FirstOrDefault(o => NameOf(o.Property) == i.Name);
            var input = Input(
                i.Name, i.TypeName ?? own!.Type.ToString(), i.DisplayName, i.Description, i.Hint, own?.Default,
                i.Choices.Count == 0 ? null : [.. i.Choices.Select(c => new ListChoice(c, c))], i.IsWrapped);
            if (i.Hint == Hints.Code) (input["defaultSyntax"], input["uiSpecifications"]) = ("JavaScript", new JsonObject { [Hints.Code] = new JsonObject { ["language"] = "javascript" } });
            return input;
        });
        var outputs = type?.Outputs.Select(o => Output(o.Name, o.Type.ToString(), WordsOf(o.Name), "What it gives.")) ?? [];
        // A flowchart's own word for "goes on" is no port in Elsa's descriptors; it is what an activity without ports has.
        var descriptor = Descriptor(
            name, facts.ClrType, facts.Category, facts.DisplayName, facts.Description, facts.IsTrigger ? "Trigger" : "Action", Ordered(inputs), new([.. outputs]),
            Ports(type?.Outcomes is [not "Done", ..] outcomes ? outcomes : [], facts.Embedded));
        descriptor["isContainer"] = type?.IsContainer == true;
        descriptor["isBrowsable"] = facts.IsBrowsable;
        descriptor["isStart"] = name == "Elsa.Start";
        descriptor["isTerminal"] = type?.IsTerminal == true;
        return descriptor;
    }

    static JsonObject Descriptor(
        string typeName, string clrType, string category, string displayName, string description, string kind, JsonArray inputs, JsonArray outputs, JsonArray ports) => new()
        {
            ["typeName"] = typeName,
            ["clrType"] = clrType,
            ["namespace"] = typeName[..typeName.IndexOf('.')],
            ["name"] = typeName[(typeName.IndexOf('.') + 1)..],
            ["version"] = 1,
            ["category"] = category,
            ["displayName"] = displayName,
            ["description"] = description,
            ["inputs"] = inputs,
            ["outputs"] = outputs,
            ["kind"] = kind,
            ["runAsynchronously"] = false,
            ["ports"] = ports,
            ["customProperties"] = new JsonObject { ["Type"] = clrType },
            ["constructionProperties"] = new JsonObject(),
            ["isContainer"] = false,
            ["isBrowsable"] = true,
            ["isStart"] = false,
            ["isTerminal"] = false,
        };

    static JsonArray Ordered(IEnumerable<JsonObject> inputs) => new([.. inputs.Select((input, place) =>
    {
        input["order"] = place;
        return (JsonNode)input;
    })]);

    static JsonObject Input(
        string name, string typeName, string displayName, string description, string hint, JsonNode? value = null, IReadOnlyList<ListChoice>? list = null, bool isWrapped = true)
    {
        var input = new JsonObject
        {
            ["isWrapped"] = isWrapped,
            ["uiHint"] = hint,
            ["isReadOnly"] = false,
            ["isSensitive"] = false,
            ["autoEvaluate"] = true,
            ["uiSpecifications"] = list is null ? [] : SelectList(list),
            ["name"] = name,
            ["typeName"] = typeName,
            ["displayName"] = displayName,
            ["description"] = description,
            ["order"] = 0,
            ["isBrowsable"] = true,
            ["isSerializable"] = true,
            ["isSynthetic"] = false,
        };
        if (value is not null) input["defaultValue"] = value.DeepClone();
        return input;
    }

    /// <summary>What a drop-down shows, as Studio reads it.</summary>
    public static JsonObject SelectList(IEnumerable<ListChoice> list) => new()
    {
        [Hints.DropDown] = new JsonObject
        {
            ["selectList"] = new JsonObject
            {
                ["items"] = new JsonArray([.. list.Select(c => new JsonObject { ["text"] = c.Text, ["value"] = c.Value })]),
                ["isFlagsEnum"] = false,
            },
        },
    };

    static JsonObject Output(string name, string typeName, string displayName, string description) => new()
    {
        ["name"] = name,
        ["typeName"] = typeName,
        ["displayName"] = displayName,
        ["description"] = description,
        ["order"] = 0,
        ["isBrowsable"] = true,
        ["isSerializable"] = true,
        ["isSynthetic"] = false,
    };

    static JsonArray Ports(IEnumerable<string> outcomes, IEnumerable<string> embedded) => new(
        [.. outcomes.Select(o => Port(o, "Flow")), .. embedded.Select(o => Port(o, "Embedded"))]);

    static JsonObject Port(string name, string type) => new() { ["name"] = name, ["displayName"] = name, ["type"] = type, ["isBrowsable"] = true };

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex Capital();
}
