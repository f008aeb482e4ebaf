using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Lint;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

/// <summary>
/// Recordings of a real Elsa server, run through the interpreter: each inside the supported subset gives the same events, inputs and
/// variables.
/// </summary>
public class GoldenTraces(ITestOutputHelper output)
{
    static readonly string Folder =
        Environment.GetEnvironmentVariable("RLHF_TRACES") ?? Path.Combine(Repository.Root, "..", "shared", "elsa", "traces");

    static readonly string[] Subset =
        ["Elsa.Start", "Elsa.End", "Elsa.FlowDecision", "Elsa.SetVariable", "Elsa.WriteLine", "Literal", "JavaScript", "Variable"];

    [Fact]
    public void Recorded_traces_of_a_real_server_give_the_same_events_inputs_and_variables()
    {
        var results = Traces().Select(t => (t.Name, Verdict: Compare(t.Json))).ToList();

        Report(results);
        Assert.Contains(results, r => r.Verdict.Kind == "equal");
    }

    /// <summary>
    /// Forks and WaitAllActive joins are not in the subset, but several connections out of one port and an implicit join are the same
    /// thing; written so, their recordings show how branches advance, meet and end.
    /// </summary>
    [Fact]
    public void Recorded_forks_give_the_same_events_when_they_are_written_as_several_connections()
    {
        var results = Traces()
            .Where(t => t.Json["stimuli"]!.AsArray().Count == 0 && WithoutForks(t.Json) && OutsideSubset(t.Json) is null)
            .Select(t => (t.Name, Verdict: Compare(t.Json))).ToList();

        Report(results);
        Assert.Contains(results, r => r.Verdict.Kind == "equal");
    }

    static IEnumerable<(string Name, JsonNode Json)> Traces()
    {
        if (!Directory.Exists(Folder)) Assert.Skip($"There are no traces in '{Folder}'; set RLHF_TRACES.");
        return Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileNameWithoutExtension(f), JsonNode.Parse(File.ReadAllText(f))!));
    }

    void Report(List<(string Name, (string Kind, string Reason) Verdict)> results)
    {
        foreach (var group in results.GroupBy(r => r.Verdict.Kind)) output.WriteLine($"{group.Key}: {group.Count()}");
        foreach (var (name, verdict) in results.Where(r => r.Verdict.Kind != "refused")) output.WriteLine($"{verdict.Kind,-8} {name} {verdict.Reason}");
        Assert.Empty(results.Where(r => r.Verdict.Kind == "failed").Select(r => $"{r.Name}: {r.Verdict.Reason}"));
    }

    static bool WithoutForks(JsonNode trace)
    {
        if (trace["definition"]!["root"] is not JsonObject root || root["activities"] is not JsonArray activities) return false;
        var forks = activities.Select(a => a!.AsObject()).Where(IsForkOrActiveJoin).ToList();
        foreach (var fork in forks)
        {
            var id = fork["id"]!.ToString();
            fork["type"] = "Elsa.WriteLine";
            fork.Remove("branches");
            fork.Remove("mode");
            foreach (var source in root["connections"]!.AsArray().Select(c => c!["source"]!).Where(s => s["activity"]!.ToString() == id)) source["port"] = "Done";
            foreach (var line in trace["trace"]!.AsArray().Concat(trace["executions"]!.AsArray()).Where(t => t!["activityId"]!.ToString() == id))
            {
                line!.AsObject().Remove("outcomes");
                line.AsObject().Remove("state");
            }
        }
        return forks.Count > 0;
    }

    static bool IsForkOrActiveJoin(JsonObject activity) => activity["type"]!.ToString() switch
    {
        "Elsa.FlowFork" => true,
        "Elsa.FlowJoin" => activity["mode"]?["expression"]?["value"]?.ToString() == "WaitAllActive",
        _ => false,
    };

    static (string Kind, string Reason) Compare(JsonNode trace)
    {
        if (OutsideSubset(trace) is { } outside)
        {
            // What the subset does not hold must be refused, not run some other way.
            try
            {
                Some.Read(trace["definition"]!.AsObject());
                return trace["publish"]!["publish"] is null ? ("refused", outside) : ("failed", $"{outside}, but it was read");
            }
            catch (InvalidDataException e)
            {
                return ("refused", e.Message);
            }
        }
        var definition = Some.Read(trace["definition"]!.AsObject());
        if (trace["final"] is null)
            return WorkflowLint.Check(definition).Count > 0 ? ("equal", "") : ("failed", "Elsa refuses the definition, the lint does not");

        var start = trace["start"]!["request"]!["body"]?["triggerActivityId"]?.ToString();
        var ours = Some.Play(definition, Some.Started(trace["input"]?.DeepClone() as JsonObject, start));

        var final = trace["final"]!;
        var incidents = final["incidents"]!.AsArray().Select(i => i!["activityId"]!.ToString());
        var difference = Difference("events", Events(trace["trace"]!), string.Join(" ", ours.Log.Select(Event)))
            ?? Difference("inputs", Inputs(trace["executions"]!), Inputs(ours.Log))
            ?? Difference("status", $"{final["status"]}/{final["subStatus"]}", Status(ours.State.Status))
            ?? Difference("variables", Plain(final["variables"]!.AsObject(), n => n), Plain(Variables(definition, ours.State), n => n))
            ?? Difference("incidents", string.Join(" ", incidents), string.Join(" ", ours.State.Incidents.Select(i => i.Activity)));
        return difference is null ? ("equal", "") : ("failed", difference);
    }

    static string? OutsideSubset(JsonNode trace)
    {
        var definition = trace["definition"]!;
        if (definition["root"] is null) return "no root, which means Elsa.Sequence";
        if (trace["publish"]!["import"]!.GetValue<int>() == 200 && trace["publish"]!["publish"] is null) return "it is a draft";
        var options = definition["options"];
        if (options?["incidentStrategyType"] is not null || options?["activationStrategyType"] is not null) return "it has a strategy";
        if (!definition["variables"]!.AsArray().Concat(definition["inputs"]!.AsArray()).All(IsScalar)) return "a variable or input is no scalar";
        return Types(definition["root"]!, isRoot: true).FirstOrDefault(t => !Subset.Contains(t));
    }

    static bool IsScalar(JsonNode? variable) =>
        Scalars.TryParseType((variable!["typeName"] ?? variable["type"])?.ToString(), out _) && variable["isArray"]?.GetValue<bool>() != true;

    static IEnumerable<string> Types(JsonNode? node, bool isRoot = false)
    {
        if (node is JsonArray array) return array.SelectMany(n => Types(n));
        if (node is not JsonObject json) return [];
        var own = json["expression"] is JsonObject expression ? [expression["type"]!.ToString()]
            : !isRoot && json["id"] is not null && json["type"] is not null ? [json["type"]!.ToString()] : Enumerable.Empty<string>();
        return own.Concat(json.Where(m => m.Key is not ("expression" or "start" or "variable")).SelectMany(m => Types(m.Value)));
    }

    static string Events(JsonNode trace) => string.Join(" ", trace.AsArray().Select(t =>
        $"{t!["activityId"]}{(t["run"] is { } run ? $"#{run}" : "")}.{t["event"]}{(t["outcomes"] is JsonArray outcomes ? outcomes.ToJsonString() : "")}"));

    static string Event(LogEntry entry)
    {
        var name = entry.Event switch { LogEvent.Waiting => "Suspended", LogEvent.Cancelled => "Canceled", var other => other.ToString() };
        return $"{entry.Execution}.{name}{(entry.Outcomes is null ? "" : JsonSerializer.Serialize(entry.Outcomes))}";
    }

    static string Inputs(JsonNode executions) => string.Join(" ", executions.AsArray()
        .Where(e => e!["state"] is not null)
        .Select(e => Line(e!["activityId"]!.ToString(), e["state"]!.AsObject(), n => n == "Variable" ? "" : char.ToLowerInvariant(n[0]) + n[1..]))
        .Where(l => l.Length > 0));

    static string Inputs(IEnumerable<LogEntry> log) => string.Join(" ", log
        .Where(l => l.Event == LogEvent.Started && l.Inputs is not null)
        .Select(l => Line(l.Activity, l.Inputs!, n => n)).Where(l => l.Length > 0));

    static string Line(string activity, JsonObject values, Func<string, string> name) =>
        Plain(values, name) is { Length: > 2 } plain ? activity + plain : "";

    // Null and absent are the same; numbers by value.
    static string Plain(JsonObject values, Func<string, string> name) => "{" + string.Join(",", values
        .Where(v => v.Value is not null && name(v.Key).Length > 0).OrderBy(v => v.Key, StringComparer.Ordinal)
        .Select(v => $"{name(v.Key)}:{(v.Value!.GetValueKind() == JsonValueKind.Number ? Number(v.Value) : v.Value.ToJsonString())}")) + "}";

    static string Number(JsonNode value) => decimal.Parse(value.ToJsonString()).ToString("0.############");

    static JsonObject Variables(WorkflowDefinition definition, WorkflowState state) =>
        new(definition.Variables.Select(v => KeyValuePair.Create(v.Name, state.Variables.GetValueOrDefault(v.Id)?.DeepClone())));

    static string Status(WorkflowStatus status) => status switch
    {
        WorkflowStatus.Finished => "Finished/Finished",
        WorkflowStatus.Faulted => "Finished/Faulted",
        WorkflowStatus.Suspended => "Running/Suspended",
        _ => status.ToString(),
    };

    static string? Difference(string what, string theirs, string ours) => theirs == ours ? null : $"{what}: Elsa {theirs}, here {ours}";
}
