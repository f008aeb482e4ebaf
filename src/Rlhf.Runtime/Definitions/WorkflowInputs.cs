using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Definitions;

/// <summary>The inputs of an instance: what the caller gave, checked against the declared types, and the defaults for the rest.</summary>
public static class WorkflowInputs
{
    /// <exception cref="ArgumentException">An input is unknown or of another type; the message names it, the value and what was expected.</exception>
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
            if (input.Type == ScalarType.String && value is not null && value.GetValueKind() != JsonValueKind.String)
                throw new ArgumentException($"{definition.DefinitionId}, input '{input.Name}' is {value.ToJsonString()}; expected a text.");
            if (!Scalars.TryConvert(value, input.Type, out var converted, out var reason))
                throw new ArgumentException($"{definition.DefinitionId}, input '{input.Name}' {reason}.");
            if (converted is not null) bound[input.Name] = converted.DeepClone();
        }
        return bound;
    }
}
