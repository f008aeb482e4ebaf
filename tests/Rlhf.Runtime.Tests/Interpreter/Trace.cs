using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Tests;

/// <summary>A recording of a real Elsa server.</summary>
internal sealed record Trace(string Name, JsonObject Json)
{
    // The list of the first section of the issue; written out, so that the test does not ask the reader what it knows.
    static readonly string[] Activities =
    [
        "Elsa.Flowchart", "Elsa.Sequence", "Elsa.FlowDecision", "Elsa.FlowSwitch", "Elsa.FlowFork", "Elsa.FlowJoin", "Elsa.If", "Elsa.SetVariable",
        "Elsa.SetOutput", "Elsa.RunJavaScript", "Elsa.WriteLine", "Elsa.Start", "Elsa.End", "Elsa.Finish", "Elsa.Fault", "Elsa.Delay", "Elsa.Timer",
        "Elsa.Cron", "Elsa.Event", "Elsa.PublishEvent", "Elsa.DispatchWorkflow",
    ];

    static readonly string[] Expressions = ["Literal", "Variable", "Object", "JavaScript"];

    public JsonObject Definition => Json["definition"]!.AsObject();

    public IEnumerable<JsonObject> Definitions => (Json["otherDefinitions"] as JsonArray ?? []).Select(d => d!.AsObject()).Prepend(Definition);

    public JsonObject? Final => Json["final"] as JsonObject;

    /// <summary>The types of activities, expressions and of the root that are not in the list.</summary>
    public IReadOnlyList<string> OutsideTheList() => [.. Definitions.Where(d => d["root"] is not null).SelectMany(d =>
        Types(d["root"]!).Where(t => !Activities.Contains(t) && !Expressions.Contains(t))
            .Concat(d["root"]!["type"]!.ToString() is var root && root is "Elsa.Flowchart" or "Elsa.Sequence" ? [] : [root])).Distinct()];

    static IEnumerable<string> Types(JsonNode? node) => node switch
    {
        JsonArray array => array.SelectMany(Types),
        JsonObject { } json when json["expression"] is JsonObject expression => [expression["type"]!.ToString()],
        JsonObject { } json when json["condition"] is JsonObject condition && json["label"] is not null => [condition["type"]!.ToString()],
        JsonObject json => json.Where(m => m.Key is not ("variable" or "start" or "variables" or "connections")).SelectMany(m => Types(m.Value))
            .Concat(json["id"] is not null && json["type"] is not null ? [json["type"]!.ToString()] : []),
        _ => [],
    };

    public IReadOnlyList<string> Events => Observed.EventsOf(Json["trace"]!);

    public bool Has(string @event) => Json["trace"]!.AsArray().Any(t => t!["event"]!.ToString() == @event);

    /// <summary>Every expression's text, wherever it stands.</summary>
    public string Scripts => string.Join("\n", Definitions.Select(d => d.ToJsonString()));
}

/// <summary>What is compared, as lines of text, of the recording and of our run alike.</summary>
internal sealed record Observed(
    string? Refused, string Events, string Inputs, string Outputs, string Status, string Variables, string Output, string Incidents, string Before, string Children)
{
    public static Observed Of(Trace trace)
    {
        var (final, executions) = (trace.Final, trace.Json["executions"] as JsonArray ?? []);
        return new(
            null, EventsIn(trace, trace.Events), InputsOf(executions), OutputsOf(executions), StatusOf(final), Plain(final?["variables"]), Plain(final?["output"]),
            IncidentsOf(final), BeforeOf(trace), string.Join(" | ", (trace.Json["children"] as JsonArray ?? []).Select(c =>
                $"{c!["definitionId"]}: {string.Join(" ", EventsOf(c["trace"]!))} {StatusOf(c["final"])} {Plain(c["final"]!["output"])} {IncidentsOf(c["final"])}")));
    }

    public static IReadOnlyList<string> EventsOf(JsonNode trace) => [.. trace.AsArray().Select(t =>
        $"{t!["activityId"]}{(t["run"] is { } run ? $"#{run}" : "")}.{t["event"]}{(t["outcomes"] is JsonArray outcomes ? outcomes.ToJsonString() : "")}")];

    /// <summary>In order, unless two recordings of the same differed in that.</summary>
    public static string EventsIn(Trace trace, IEnumerable<string> events) =>
        string.Join(" ", trace.Json["unordered"]?.GetValueKind() == JsonValueKind.True ? events.Order(StringComparer.Ordinal) : events);

    public IEnumerable<(string What, string Elsa, string Ours)> Differences(Observed ours)
    {
        (string What, string Elsa, string Ours)[] all =
        [
            ("refused", Refused ?? "", ours.Refused ?? ""), ("events", Events, ours.Events), ("inputs", Inputs, ours.Inputs), ("outputs", Outputs, ours.Outputs),
            ("status", Status, ours.Status), ("variables", Variables, ours.Variables), ("output", Output, ours.Output), ("incidents", Incidents, ours.Incidents),
            ("status before a stimulus", Before, ours.Before), ("children", Children, ours.Children),
        ];
        return all.Where(d => d.Elsa != d.Ours);
    }

    static string BeforeOf(Trace trace) => string.Join(" ", (trace.Json["stimuli"] as JsonArray ?? []).Select(s => s!["when"]).OfType<JsonObject>().Select(StatusOf));

    static string StatusOf(JsonNode? final) => final is null ? "none" : $"{final["status"]}/{final["subStatus"]} {final["bookmarks"]}";

    static string IncidentsOf(JsonNode? final) => string.Join(" ", (final?["incidents"] as JsonArray ?? []).Select(i => i!["activityId"]));

    static string InputsOf(JsonArray executions) => string.Join(" ", executions.Where(e => e!["state"] is not null)
        .Select(e => Line(e!["activityId"]!.ToString(), Properties(e["state"]!.AsObject()))).Where(l => l.Length > 0));

    // Elsa's journal shows the parent's id in the input of a child that is not waited for; the variable and the cases stand in the file.
    static JsonObject Properties(JsonObject state)
    {
        var properties = new JsonObject(state.Where(s => s.Key is not ("Variable" or "Cases")).Select(s => KeyValuePair.Create(char.ToLowerInvariant(s.Key[0]) + s.Key[1..], s.Value?.DeepClone())));
        (properties["input"] as JsonObject)?.Remove("ParentInstanceId");
        return properties;
    }

    static string OutputsOf(JsonArray executions) => string.Join(" ", executions.Where(e => e!["outputs"] is not null)
        .Select(e => Line(e!["activityId"]!.ToString(), e["outputs"]!.AsObject())).Where(l => l.Length > 0));

    public static string Line(string activity, JsonObject values) => Plain(values) is { Length: > 2 } plain ? activity + plain : "";

    /// <summary>Null and absent are the same; numbers by value; members by name.</summary>
    public static string Plain(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject json => "{" + string.Join(",", json.Where(m => m.Value is not null).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}:{Plain(m.Value)}")) + "}",
        JsonArray array => "[" + string.Join(",", array.Select(Plain)) + "]",
        _ when value.GetValueKind() == JsonValueKind.Number => decimal.Parse(value.ToJsonString(), System.Globalization.NumberStyles.Float).ToString("0.############"),
        _ => value.ToString() is var text && value.GetValueKind() == JsonValueKind.String ? $"'{text}'" : value.ToJsonString(),
    };
}
