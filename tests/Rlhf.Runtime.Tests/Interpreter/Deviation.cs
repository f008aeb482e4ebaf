using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Rlhf.Runtime.Tests;

/// <summary>A recording, what Elsa did, what we did, and in which respects that differs.</summary>
internal sealed record Comparison(Trace Trace, Observed Elsa, Observed Ours, IReadOnlyList<string> Differing)
{
    public bool OnlyIn(params string[] respects) => Differing.All(respects.Contains);

    /// <summary>The same happened in the same order; only values differ.</summary>
    public bool OnlyValues => OnlyIn("inputs", "outputs", "variables", "output");

    public bool Suspended => Trace.Has("Suspended");

    public IEnumerable<JsonNode> Inputs => Trace.Definitions.SelectMany(d => d["inputs"] as JsonArray ?? []).Select(i => i!);

    public JsonObject Given => Trace.Json["input"] as JsonObject ?? [];
}

/// <summary>A way in which this runtime does better than Elsa on purpose, and how a recording that shows it is known.</summary>
internal sealed record Deviation(string Elsa, string Here, string Reason, Func<Comparison, bool> Explains)
{
    public static readonly IReadOnlyList<Deviation> All =
    [
        new("stays Running/Suspended for ever, without a bookmark", "Faulted with the reason once nothing else can happen", "a stuck incident cannot be seen or tried again",
            c => c.Trace.Definition["options"]?["incidentStrategyType"] is not null && c.Elsa.Status == "Running/Suspended 0" && c.Elsa.Incidents.Length > 0
                && c.Ours.Status == "Finished/Faulted 0" && c.OnlyIn("status", "status before a stimulus")),
        new("a bad default silently becomes 0 or null", "refused when the file is read", "a made-up number",
            c => c.Ours.Refused?.Contains("its default is ", StringComparison.Ordinal) == true),
        new("a variable, input or output of an unknown type is dropped when the file is saved", "refused by name when the file is read", "data would be lost, the failure come late",
            c => c.Ours.Refused?.Contains("' is of type '", StringComparison.Ordinal) == true && !c.Ours.Refused.Contains("activity", StringComparison.Ordinal)),
        new("an input that is undeclared or of another type is taken as it is", "refused when the instance is started, or converted", "inputs are typed; a misspelt name would be ignored",
            c => c.Given.Count > 0 && (c.Ours.Refused?.Contains(", input '", StringComparison.Ordinal) == true || c.Ours.Refused?.Contains("is no input of this workflow", StringComparison.Ordinal) == true
                || c.OnlyValues && c.Inputs.Any(i => c.Given[i["name"]!.ToString()] is { } given && !IsOf(i, given)))),
        new("defaults of inputs are ignored", "hold where an input is not given", "the file says so",
            c => c.OnlyValues && c.Inputs.Any(i => i["defaultValue"] is not null && !c.Given.ContainsKey(i["name"]!.ToString()))),
        new("a variable without a storage driver starts anew after a suspension", "keeps its value", "data is lost",
            c => c.OnlyValues && c.Suspended && c.Trace.Definitions.SelectMany(d => d["variables"] as JsonArray ?? []).Any(v => v!["storageDriverTypeName"] is null)),
        new("inputs are lost after a suspension", "are kept", "data is lost",
            c => c.OnlyValues && c.Suspended && c.Inputs.Any(i => i["storageDriverType"] is null) && c.Given.Count > 0),
        new("an output keeps a value of another type than it is declared with", "is converted to its type", "outputs are typed",
            c => c.OnlyIn("output", "children") && c.Trace.Definitions.Any(d => d["outputs"] is JsonArray { Count: > 0 })),
        new("null that is assigned does not replace the stored value", "does", "the value that was there before comes back",
            c => c.OnlyValues && ((c.Trace.Json["executions"] as JsonArray ?? []).Any(e => e!["state"]?["Variable"] is not null && e["state"]!["Value"] is null)
                || Regex.IsMatch(c.Trace.Scripts, @"\bset\w+\((\S+, *)?(null|undefined)\)"))),
        new("getOutputFrom gives the first output of a loop", "the newest", "the note calls it a bug",
            c => c.OnlyValues && Regex.IsMatch(c.Trace.Scripts, @"getOutputFrom|get\w+From\w+\(") && c.Elsa.Events.Contains('#')),
        new("a faulted child gives {} and the parent goes on", "the DispatchWorkflow faults with the child's reason", "the failure is hidden",
            c => c.Elsa.Children.Contains("Finished/Faulted", StringComparison.Ordinal) && c.Ours.Status == "Finished/Faulted 0"
                && CommonStart(c) is var same && same.EndsWith(".Resumed", StringComparison.Ordinal) && c.Ours.Events == $"{same} {same.Split(' ')[^1].Replace(".Resumed", ".Faulted")}"),
        new("a list in a variable cannot grow by push: fault", "it can", "the note names the script engine as the cause",
            c => c.Trace.Json.ToJsonString().Contains("Cannot resize a fixed-size CLR array", StringComparison.Ordinal) && c.Ours.Status == "Finished/Finished 0"),
        new("the join runs a second time when it cancels what still runs before it", "it runs once", "an activity runs twice for one token; the notes call it a bug",
            c => c.Elsa.Events.Contains("Canceled", StringComparison.Ordinal) && c.Trace.Scripts.Contains("Elsa.FlowJoin", StringComparison.Ordinal)
                && WithoutRepeats(c.Elsa.Events) == c.Ours.Events && c.Elsa.Status == c.Ours.Status),
        new("cancelling what is in a nested container faults the activity that caused it", "nothing faults", "the note of the recording that shows it calls it a bug",
            c => c.Trace.Json.ToJsonString().Contains("is not reachable from the flowchart graph", StringComparison.Ordinal) && !c.Ours.Status.Contains("Faulted", StringComparison.Ordinal)
                && c.Ours.Refused is null),
        new("a value of another type becomes 0 or null", "a fault with the reason", "a made-up number",
            c => c.Ours.Status == "Finished/Faulted 0" && c.Elsa.Incidents.Length == 0 && c.Trace.Scripts.Contains("Elsa.SetVariable", StringComparison.Ordinal)
                && c.Ours.Events == $"{CommonStart(c)} {c.Ours.Events.Split(' ')[^1]}"),
        new("an event for a faulted instance is dropped", "it is taken, so that a retry goes on with it", "the event would be lost",
            c => c.Elsa.Status == "Finished/Faulted 0" && c.Ours.Status == c.Elsa.Status && c.Suspended && c.Trace.Scripts.Contains("Elsa.Event", StringComparison.Ordinal)
                && c.Ours.Events.StartsWith(c.Elsa.Events + " ", StringComparison.Ordinal)),
        new("what a failed script has set stays", "is undone", "a retry would set it twice",
            c => c.OnlyIn("variables") && c.Elsa.Incidents.Length > 0 && c.Elsa.Status == c.Ours.Status && c.Trace.Scripts.Contains("Elsa.RunJavaScript", StringComparison.Ordinal)),
    ];

    static bool IsOf(JsonNode input, JsonNode value) => (input["type"]!.ToString(), input["isArray"]?.GetValue<bool>() == true, value.GetValueKind()) switch
    {
        (_, true, var kind) => kind == JsonValueKind.Array,
        ("String", _, var kind) => kind == JsonValueKind.String,
        ("Boolean", _, var kind) => kind is JsonValueKind.True or JsonValueKind.False,
        ("Int32" or "Int64" or "Double", _, var kind) => kind == JsonValueKind.Number,
        _ => true,
    };

    static string CommonStart(Comparison c) =>
        string.Join(' ', c.Elsa.Events.Split(' ').Zip(c.Ours.Events.Split(' ')).TakeWhile(p => p.First == p.Second).Select(p => p.First));

    static string WithoutRepeats(string events) => string.Join(' ', events.Split(' ').Where(e => !e.Contains('#')));

    /// <summary>Exactly how the recordings at hand deviate, so that no other change can hide behind a rule.</summary>
    public static readonly IReadOnlyDictionary<string, string> Recorded = new Dictionary<string, string>
    {
        ["76-variable-bad-default"] = """
            some.json: variable 'X': its default is 'abc'; expected a whole number of 32 bits (Int32).
            """,
        ["77-variable-bad-type"] = """
            some.json: variable 'X' is of type 'Acme.Nope'; expected String, Int32, Int64, Double, Boolean, Object, ObjectDictionary or a list of one of them.
            """,
        ["78-variable-memory-driver"] = """
            outputs: wait{Result:{}} read{Result:'{"M":7,"P":7}'}; variables: {M:7,Out:'{"M":7,"P":7}',P:7}
            """,
        ["84-inputs-default"] = """
            outputs: read{Result:'{"Model":"base","Epochs":5,"Rate":0.5,"Dry":true,"Tags":["z"],"Cfg":{"k":2},"getter":"base"}'}; variables: {Out:'{"Model":"base","Epochs":5,"Rate":0.5,"Dry":true,"Tags":["z"],"Cfg":{"k":2},"getter":"base"}'}
            """,
        ["85-inputs-converted"] = """
            g-in-conv, input 'Model' is 7; expected a text.
            """,
        ["87-inputs-undeclared"] = """
            g-in-undecl: 'Extra' is no input of this workflow; it has none.
            """,
        ["88-inputs-after-resume"] = """
            outputs: wait{Result:{}} read{Result:'{"Model":"m1"}'}; variables: {Out:'{"Model":"m1"}'}
            """,
        ["90-set-output"] = """
            output: {Best:'m1',Score:3,Undeclared:{a:1}}
            """,
        ["94-last-result-loop"] = """
            inputs: score{script:'setRound(getRound()+1); return 'r'+getRound();'} add{value:'r1,'} more{condition:true} score{script:'setRound(getRound()+1); return 'r'+getRound();'} add{value:'r1,r2,'} more{condition:true} score{script:'setRound(getRound()+1); return 'r'+getRound();'} add{value:'r1,r2,r3,'} more{condition:false}; variables: {Log:'r1,r2,r3,',Round:3}
            """,
        ["95-expressions"] = """
            variables: {J:'n=1',L:'plain ${x}',N:102,O:'{"a":[1,2]}',R:102,V:1}
            """,
        ["108-js-error-continue"] = """
            status: Finished/Faulted 0
            """,
        ["109-js-error-continue-parallel"] = """
            status: Finished/Faulted 0
            """,
        ["112-js-error-in-decision"] = """
            status: Finished/Faulted 0
            """,
        ["115-js-error-continue-event"] = """
            status: Finished/Faulted 0
            """,
        ["117-fault-activity-continue"] = """
            status: Finished/Faulted 0
            """,
        ["137-dispatch-workflow-child-fault"] = """
            events: Workflow1.Started flow.Started sample.Started sample.Completed child.Started child.Suspended child.Resumed child.Faulted; inputs: sample{text:'sample'} child{input:{N:21},waitForCompletion:true,workflowDefinitionId:'g-child-dispatch-fault'}; outputs: ; status: Finished/Faulted 0; variables: {}; incidents: child
            """,
        ["180-expression-object-js"] = """
            events: Workflow1.Started flow.Started set.Started set.Completed mut.Started mut.Completed["Done"] read.Started read.Completed["Done"] say.Started say.Completed flow.Completed Workflow1.Completed; inputs: set{value:{a:1,list:[1]}} mut{script:'const o=getO(); o.a=2; o.list.push(2); return JSON.stringify(getO());'} read{script:'return JSON.stringify(getO()) + getO().a + getO().list.length;'} say{text:'a is 2'}; outputs: mut{Result:'{"a":2,"list":[1,2]}'} read{Result:'{"a":2,"list":[1,2]}22'}; status: Finished/Finished 0; variables: {O:{a:2,list:[1,2]},Out:'{"a":2,"list":[1,2]}',Out2:'{"a":2,"list":[1,2]}22'}; incidents:
            """,
        ["181-expression-array-push"] = """
            events: Workflow1.Started flow.Started mut.Started mut.Completed["Done"] flow.Completed Workflow1.Completed; outputs: mut{Result:'["x","z"]'}; status: Finished/Finished 0; variables: {A:['x','z'],Out:'["x","z"]'}; incidents:
            """,
        ["197-sequence-fault-continue"] = """
            status: Finished/Faulted 0
            """,
    };
}
