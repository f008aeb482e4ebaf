using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Driver;

/// <summary>The inputs of an instance with their names (<c>prompts@latest</c>) resolved: once, when it starts, so that they never move under it.</summary>
internal static class ResolvedInputs
{
    /// <exception cref="ArgumentException">An input is unknown or of another type, or a name stands for nothing.</exception>
    public static async Task<JsonObject> BindAsync(
        WorkflowDefinition definition, JsonObject inputs, Func<string, string, CancellationToken, Task<string>>? resolve, CancellationToken cancellationToken)
    {
        var bound = WorkflowInputs.Bind(definition, inputs);
        if (resolve is null) return bound;
        var resolved = new JsonObject();
        foreach (var (name, value) in bound)
        {
            resolved[name] = value is JsonValue text && text.TryGetValue<string>(out var given) ? await resolve(name, given, cancellationToken) : value?.DeepClone();
        }
        return resolved;
    }
}
