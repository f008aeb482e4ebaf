using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Rlhf.Runtime.Definitions;

/// <summary>The inputs of an instance: what the caller gave, checked against the declared types, and the defaults for the rest.</summary>
internal static partial class WorkflowInputs
{
    /// <exception cref="ArgumentException">
    /// An input is unknown, of another type, or needed and missing; the message names it and what was expected.
    /// </exception>
    public static JsonObject Bind(WorkflowDefinition definition, JsonObject given)
    {
        if (given.Select(g => g.Key).FirstOrDefault(name => definition.Inputs.All(i => i.Name != name)) is { } unknown)
        {
            var known = definition.Inputs.Count == 0 ? "it has none" : $"known are {string.Join(", ", definition.Inputs.Select(i => i.Name))}";
            throw new ArgumentException($"{definition.DefinitionId}: '{unknown}' is no input of this workflow; {known}.");
        }
        var bound = new JsonObject();
        foreach (var input in definition.Inputs)
        {
            var value = given.TryGetPropertyValue(input.Name, out var own) ? own : input.Default;
            if (input.Type == DataType.Text && value is not null && value.GetValueKind() != JsonValueKind.String)
                throw new ArgumentException($"{definition.DefinitionId}, input '{input.Name}' is {value.ToJsonString()}; expected a text.");
            if (!Values.TryConvert(value, input.Type, out var converted, out var reason))
                throw new ArgumentException($"{definition.DefinitionId}, input '{input.Name}' {reason}.");
            if (converted is not null) bound[input.Name] = converted.DeepClone();
        }
        if (Missing(definition, bound) is { } missing) throw new ArgumentException($"{definition.DefinitionId}, {missing}.");
        return bound;
    }

    // Elsa knows no required inputs; but what a step needs and takes straight from an input of the workflow must be there before hours are
    // spent on the way to it. A default, be it an empty text, says that the input may be left out: then the workflow goes another way.
    static string? Missing(WorkflowDefinition definition, JsonObject bound)
    {
        foreach (var activity in definition.Activities)
        {
            foreach (var needed in activity.Type.Inputs.Where(i => i.Required && activity.Type.Step is not null))
            {
                if (activity.Inputs.GetValueOrDefault(needed.Property) is not Expression.JavaScript script) continue;
                if (PlainInput().Match(script.Script) is not { Success: true } match) continue;
                var name = match.Groups[1].Value;
                if (definition.Inputs.Any(i => i.Name == name && i.Default is not null)) continue;
                if (bound[name] is not { } value || value.ToString().Length == 0)
                    return $"input '{name}' is missing; activity '{activity.Id}' needs it as its '{needed.Property}'";
            }
        }
        return null;
    }

    [GeneratedRegex("""^\s*getInput\(\s*["']([^"']+)["']\s*\)\s*;?\s*$""")]
    private static partial Regex PlainInput();
}
