using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>Whether JSON has the form of a definition of Elsa's, whatever it says: a draft may be unfinished, but not another thing.</summary>
internal static class DefinitionShape
{
    static readonly (string Name, JsonValueKind Kind)[] Members =
    [
        ("definitionId", JsonValueKind.String), ("name", JsonValueKind.String), ("description", JsonValueKind.String), ("variables", JsonValueKind.Array),
        ("inputs", JsonValueKind.Array), ("outputs", JsonValueKind.Array), ("outcomes", JsonValueKind.Array), ("customProperties", JsonValueKind.Object),
        ("options", JsonValueKind.Object), ("root", JsonValueKind.Object),
    ];

    /// <exception cref="ArgumentException">It has not; the message names the member and what was expected.</exception>
    public static void Check(JsonObject model)
    {
        foreach (var (name, kind) in Members) Expect(model[name], name, kind, isNeeded: false);
        foreach (var list in new[] { "variables", "inputs", "outputs" })
        {
            foreach (var (i, item) in (model[list] as JsonArray ?? []).Index())
            {
                Expect(item, $"{list}[{i}]", JsonValueKind.Object, isNeeded: true);
                Expect(item!["name"], $"{list}[{i}].name", JsonValueKind.String, isNeeded: true);
            }
        }
        if (model["root"] is JsonObject root) CheckActivity(root, "root");
    }

    static void CheckActivity(JsonObject activity, string path)
    {
        Expect(activity["id"], $"{path}.id", JsonValueKind.String, isNeeded: true);
        Expect(activity["type"], $"{path}.type", JsonValueKind.String, isNeeded: true);
        Expect(activity["customProperties"], $"{path}.customProperties", JsonValueKind.Object, isNeeded: false);
        Expect(activity["metadata"], $"{path}.metadata", JsonValueKind.Object, isNeeded: false);
        foreach (var list in new[] { "activities", "connections" })
        {
            Expect(activity[list], $"{path}.{list}", JsonValueKind.Array, isNeeded: false);
            foreach (var (i, item) in (activity[list] as JsonArray ?? []).Index())
            {
                Expect(item, $"{path}.{list}[{i}]", JsonValueKind.Object, isNeeded: true);
                if (list == "activities") CheckActivity(item!.AsObject(), $"{path}.{list}[{i}]");
            }
        }
    }

    static void Expect(JsonNode? value, string path, JsonValueKind kind, bool isNeeded)
    {
        if (value is null ? isNeeded : value.GetValueKind() != kind)
            throw new ArgumentException($"'{path}' is {(value is null ? "missing" : $"of kind {value.GetValueKind()}")}; expected {kind}.");
    }
}
