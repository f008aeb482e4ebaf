using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>
/// The form in which a definition stands in its file: without what a server owns, without what says nothing (nulls, falses and empty lists that
/// an editor writes where nothing was set), its members in an order that people read.
/// </summary>
internal static class DefinitionForm
{
    const string Schema = "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json";

    static readonly HashSet<string> ServerOwned =
        ["$schema", "id", "createdAt", "version", "toolVersion", "isReadonly", "isSystem", "isLatest", "isPublished", "links", "materializerName"];

    // Derived from everything else.
    static readonly HashSet<string> Derived = ["nodeId", "notFoundConnections"];

    static readonly string[] Order =
    [
        "$schema", "id", "definitionId", "name", "type", "displayName", "description", "version", "inputs", "outputs", "category", "typeName", "isArray", "uiHint", "value", "defaultValue",
        "storageDriverType", "storageDriverTypeName", "source", "target", "customProperties", "variable", "", "displayText", "designer", "metadata", "activities", "connections", "variables", "outcomes", "options", "root",
    ];

    static readonly string[] TopOrder =
        ["$schema", "definitionId", "name", "description", "version", "inputs", "outputs", "variables", "outcomes", "customProperties", "", "options", "root"];

    /// <summary>
    /// What was sent, in the form of a file: where <paramref name="present"/> says the same, it stays as it is there, member by member and
    /// item by item.
    /// </summary>
    /// <param name="isEditor">
    /// True where the sender knows inputs, outputs, variables and options only as far as Elsa's own types go: members that it did not send stay. False where what
    /// was sent is a file, which may have come through such a sender: a member that Elsa's types have not stays where no item names it.
    /// </param>
    public static JsonObject Of(JsonObject sent, JsonObject? present, bool isEditor)
    {
        var restored = MissingActivities.Restore(sent);
        foreach (var name in ServerOwned) restored.Remove(name);
        (restored["$schema"], restored["version"]) = (present?["$schema"]?.DeepClone() ?? Schema, present?["version"]?.DeepClone() ?? 1);
        var form = new JsonObject();
        foreach (var (name, value) in Members(restored, present, TopOrder, _ => false))
        {
            if (name == "root" && present?["root"] is null && IsNoRoot(value)) continue;
            var old = present?[name];
            var merged = name == "customProperties" ? MergeProperties(value, old) : Merge(name, value, old, isEditor);
            if (merged is not null) form[name] = merged;
        }
        return present is null ? form : InOrderOf(present, form);
    }

    /// <summary>True where two definitions say the same, positions in the designer included.</summary>
    public static bool AreSame(JsonObject one, JsonObject other) => JsonNode.DeepEquals(Content(one), Content(other));

    /// <summary>What identifies an item of a list when it moves or changes; null where its place does.</summary>
    public static string? KeyOf(string list, JsonNode? item) => item is not JsonObject json ? null : list switch
    {
        "activities" or "variables" => TextOf(json, "id"),
        "inputs" or "outputs" => TextOf(json, "name"),
        "cases" => TextOf(json, "label"),
        "connections" => $"{EndOf(json["source"], "Done")} {EndOf(json["target"], "In")}",
        _ => null,
    };

    /// <summary>For each item the place in <paramref name="present"/> of what is the same one; -1 where there is none.</summary>
    public static int[] Pairs(string list, JsonArray items, JsonArray? present)
    {
        var pairs = new int[items.Count];
        Array.Fill(pairs, -1);
        if (present is null) return pairs;
        var keys = present.Select((item, place) => (Key: KeyOf(list, item), place)).Where(p => p.Key is not null).GroupBy(p => p.Key!).ToDictionary(g => g.Key, g => new Queue<int>(g.Select(p => p.place)));
        for (var i = 0; i < items.Count; i++)
        {
            var key = KeyOf(list, items[i]);
            if (key is null) pairs[i] = i < present.Count && KeyOf(list, present[i]) is null ? i : -1;
            else if (keys.GetValueOrDefault(key) is { Count: > 0 } places) pairs[i] = places.Dequeue();
        }
        // What was renamed in its place is still the same one.
        if (items.Count == present.Count)
            foreach (var i in Enumerable.Range(0, items.Count).Where(i => pairs[i] < 0 && !pairs.Contains(i))) pairs[i] = i;
        return pairs;
    }

    static JsonObject Content(JsonObject top)
    {
        var content = new JsonObject();
        foreach (var (name, value) in top)
        {
            if (ServerOwned.Contains(name) || value is null) continue;
            var said = name == "customProperties" ? MergeProperties(value, null) : name == "root" && IsNoRoot(value) ? null : Said(name, value);
            if (said is not null) content[name] = said;
        }
        return content;
    }

    /// <summary>Where a definition has no root, Elsa says that it is this.</summary>
    static bool IsNoRoot(JsonNode? root) => Said("root", root) is JsonObject { Count: 2 } json && TextOf(json, "id") == "Sequence1" && TextOf(json, "type") == "Elsa.Sequence";

    /// <summary>What of a value says something; null where nothing does.</summary>
    static JsonNode? Said(string name, JsonNode? value)
    {
        if (Derived.Contains(name) || value is null) return null;
        if (IsGiven(name)) return value.DeepClone();
        if (name == "version" && value is JsonValue && value.ToJsonString() == "1") return null; // of an activity: there is no other
        switch (value)
        {
            case JsonObject json:
                var members = json.Select(m => KeyValuePair.Create(m.Key, SaidPort(m.Key, Said(m.Key, m.Value)))).Where(m => m.Value is not null).ToList();
                return members.Count == 0 ? null : new JsonObject(members);
            case JsonArray list:
                return list.Count == 0 ? null : new JsonArray([.. list.Select(i => Said("", i) ?? (i is JsonObject ? new JsonObject() : i?.DeepClone()))]);
            default:
                return value.GetValueKind() == JsonValueKind.False ? null : value.DeepClone();
        }
    }

    static JsonNode? SaidPort(string name, JsonNode? said) => name == "port" && said?.ToString() is "Done" or "In" ? null : said;

    /// <summary>A false or an empty list here is a value.</summary>
    static bool IsGiven(string name) => name is "value" or "defaultValue" or "originalActivityJson";

    static bool SaysSame(string name, JsonNode? one, JsonNode? other) => JsonNode.DeepEquals(SaidPort(name, Said(name, one)), SaidPort(name, Said(name, other)));

    static JsonNode? Merge(string name, JsonNode? sent, JsonNode? present, bool isEditor)
    {
        if (present is not null && SaysSame(name, sent, present)) return present.DeepClone();
        if (Derived.Contains(name)) return null;
        if (IsGiven(name)) return sent?.DeepClone();
        if (isEditor && IsSize(name, sent, present)) return present!.DeepClone();
        return sent switch
        {
            JsonObject json => MergeObject(name, json, present as JsonObject, isEditor),
            JsonArray list => MergeList(name, list, present as JsonArray, isEditor),
            null => null,
            _ when present is null && sent.GetValueKind() == JsonValueKind.False => null,
            _ => sent.DeepClone(),
        };
    }

    // An editor measures each box anew, in the fonts that it has: nobody changed it.
    static bool IsSize(string name, JsonNode? sent, JsonNode? present) =>
        name == "size" && present is JsonObject && sent is JsonObject { Parent: JsonObject { Parent: JsonObject metadata } designer } && metadata["designer"] == designer;

    static JsonObject? MergeObject(string name, JsonObject sent, JsonObject? present, bool isEditor)
    {
        var merged = new JsonObject();
        foreach (var (member, value) in Members(sent, present, Order, m => isEditor ? TypedMembers.AreOf(name) : TypedMembers.AreOf(name) && !TypedMembers.Have(name, m) && !IsNamed(sent, m)))
        {
            if (present?.ContainsKey(member) == false && Said(member, value) is null) continue;
            if (Merge(member, value, present?[member], isEditor) is { } kept) merged[member] = kept;
        }
        if (present is not null) return InOrderOf(present, merged);
        return merged.Count == 0 && name is not ("activities" or "connections") ? null : merged;
    }

    static JsonArray? MergeList(string name, JsonArray sent, JsonArray? present, bool isEditor)
    {
        if (sent.Count == 0 && present is null) return null;
        var pairs = Pairs(name, sent, present);
        var merged = sent.Select((item, i) => (Item: MergeItem(name, item, pairs[i] < 0 ? null : present![pairs[i]], isEditor), Place: pairs[i])).ToList();
        // Nobody sees in the designer in which order activities and connections stand: those that were there keep theirs.
        if (name is "activities" or "connections" && sent.Parent?["type"]?.ToString() == "Elsa.Flowchart")
            merged = [.. merged.OrderBy(m => m.Place < 0 ? int.MaxValue : m.Place)];
        return [.. merged.Select(m => m.Item)];
    }

    static JsonNode? MergeItem(string list, JsonNode? sent, JsonNode? present, bool isEditor)
    {
        if (present is not null && SaysSame("", sent, present)) return present.DeepClone();
        return sent is JsonObject json ? MergeObject(list, json, present as JsonObject, isEditor) ?? [] : sent?.DeepClone();
    }

    /// <summary>The file's own properties are data: only a null says nothing.</summary>
    static JsonObject? MergeProperties(JsonNode? sent, JsonNode? present)
    {
        if (sent is not JsonObject json) return null;
        var merged = new JsonObject(json.Where(p => p.Value is not null).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value!.DeepClone())));
        return present is JsonObject old ? InOrderOf(old, merged) : merged.Count == 0 ? null : merged;
    }

    /// <summary>True where the object, or an item of the list that it stands in, has the member.</summary>
    static bool IsNamed(JsonObject sent, string member) => (sent.Parent as JsonArray)?.Any(i => (i as JsonObject)?.ContainsKey(member) == true) ?? sent.ContainsKey(member);

    /// <summary>Members that were sent and those present ones that stay, in the order in which people read them.</summary>
    static IEnumerable<KeyValuePair<string, JsonNode?>> Members(JsonObject sent, JsonObject? present, string[] order, Predicate<string> stays)
    {
        var members = sent.Select(m => m);
        if (present is not null) members = members.Concat(present.Where(m => !sent.ContainsKey(m.Key) && stays(m.Key)));
        return members.OrderBy(m => RankOf(m.Key, order)).ToList();
    }

    static int RankOf(string name, string[] order) => Array.IndexOf(order, name) is >= 0 and var rank ? rank : Array.IndexOf(order, "");

    /// <summary>Members as they stand in <paramref name="present"/>, each new one before the first that comes after it.</summary>
    static JsonObject InOrderOf(JsonObject present, JsonObject merged)
    {
        var order = present.ContainsKey("definitionId") ? TopOrder : Order;
        var names = present.Select(m => m.Key).Where(merged.ContainsKey).ToList();
        foreach (var name in merged.Select(m => m.Key).Where(n => !present.ContainsKey(n)).ToList())
        {
            var place = names.FindIndex(n => RankOf(n, order) > RankOf(name, order));
            names.Insert(place < 0 ? names.Count : place, name);
        }
        return new(names.Select(n => KeyValuePair.Create(n, merged[n]?.DeepClone())));
    }

    static string? TextOf(JsonObject json, string member) => json[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    static string EndOf(JsonNode? end, string port) => end is JsonObject json ? $"{TextOf(json, "activity")}:{TextOf(json, "port") ?? port}" : "";
}
