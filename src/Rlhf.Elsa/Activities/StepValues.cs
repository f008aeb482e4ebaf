using System.Text.Json.Nodes;
using Elsa.Extensions;
using Elsa.Workflows;
using Elsa.Workflows.Models;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Activities;

/// <summary>Between the values of an activity and those of its step: texts, numbers and booleans.</summary>
static class StepValues
{
    /// <summary>The CLR type of a field; one that may be left out can be null.</summary>
    public static Type ClrType(StepField field, bool optional) => field.TypeName switch
    {
        nameof(String) => typeof(string),
        nameof(Int32) => optional ? typeof(int?) : typeof(int),
        nameof(Int64) => optional ? typeof(long?) : typeof(long),
        nameof(Double) => optional ? typeof(double?) : typeof(double),
        nameof(Boolean) => optional ? typeof(bool?) : typeof(bool),
        var other => throw new ArgumentException($"Field '{field.Name}': {other} cannot cross a workflow file; expected a text, number or boolean."),
    };

    /// <summary>Inputs, preset and hparams that the activity has a value for; the step's own defaults stay with the step.</summary>
    public static JsonObject Given(StepDescription step, ActivityExecutionContext context)
    {
        var values = new JsonObject();
        foreach (var input in context.ActivityDescriptor.Inputs)
        {
            var value = input.ValueGetter(context.Activity) is Input given ? context.Get(given.MemoryBlockReference()) : null;
            // An empty text for a number or an artifact is what a form leaves where nothing was chosen.
            if (value is null or "") continue;
            values[Property(input.Name)] = CanonicalJson.ToNode(value);
        }
        return values;
    }

    public static void SetOutputs(StepDescription step, JsonObject outputs, ActivityExecutionContext context)
    {
        foreach (var descriptor in context.ActivityDescriptor.Outputs)
        {
            var field = step.Outputs.Single(f => Name(f.WorkflowProperty) == descriptor.Name);
            var value = outputs[field.Name] is { } node ? node.Deserialize(ClrType(field, optional: false)) : null;
            context.Set((Output?)descriptor.ValueGetter(context.Activity), value, descriptor.Name);
        }
    }

    /// <summary><c>learningRate</c> in a file is <c>LearningRate</c> in a descriptor.</summary>
    public static string Name(string property) => char.ToUpperInvariant(property[0]) + property[1..];

    static string Property(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    static object? Deserialize(this JsonNode node, Type type) => System.Text.Json.JsonSerializer.Deserialize(node, type);
}
