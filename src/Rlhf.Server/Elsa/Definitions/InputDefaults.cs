using System.Text.Json.Nodes;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>
/// Defaults of a definition's inputs, which Elsa's type of an input lacks: Studio does not send them back, nor does a copy that it makes have them or say what it is a
/// copy of. So they travel as custom properties too, <c>inputDefault.NAME</c>, which Studio hands on; what is stored has them at the inputs alone.
/// </summary>
static class InputDefaults
{
    const string Prefix = "inputDefault.", Default = "defaultValue";

    /// <summary>Adds them to the custom properties of a model that is sent.</summary>
    public static void Show(JsonObject model)
    {
        if (model["customProperties"] is not JsonObject properties) return;
        foreach (var (name, input) in Inputs(model))
        {
            if (input[Default] is { } value) properties[Prefix + name] = value.DeepClone();
        }
    }

    /// <summary>Gives them back to the inputs of a model that was sent, where one has none; an input that was renamed meanwhile is not known by them. A program that takes a default out takes the property out, too.</summary>
    public static void Take(JsonObject model)
    {
        if (model["customProperties"] is not JsonObject properties) return;
        foreach (var (name, input) in Inputs(model))
        {
            if (!input.ContainsKey(Default) && properties[Prefix + name] is { } value) input[Default] = value.DeepClone();
        }
        foreach (var name in properties.Select(p => p.Key).Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToList()) properties.Remove(name);
    }

    static IEnumerable<(string Name, JsonObject Input)> Inputs(JsonObject model) =>
        from input in (model["inputs"] as JsonArray ?? []).OfType<JsonObject>()
        where input["name"] is JsonValue name && name.TryGetValue<string>(out _)
        select ($"{input["name"]}", input);
}
