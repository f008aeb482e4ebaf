using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Support;

/// <summary>Things that tests need and whose details do not matter to them.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Time = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static ActivityCatalog Catalog(params IEnumerable<IStep> steps) => new(steps.Select(s => s.Description));

    public static WorkflowDefinition Read(JsonObject json, params IEnumerable<IStep> steps) => new DefinitionReader(Catalog(steps)).Read(json.ToJsonString(), "some.json");

    public static WorkflowDefinition Read(FlowBuilder flow, params IEnumerable<IStep> steps) => Read(flow.Build(), steps);

    public static StepRunner Runner(string store, TimeProvider time, params IEnumerable<IStep> steps) =>
        new(steps, new FolderObjectStore(store), time, new Dictionary<string, object>(), TimeSpan.FromMinutes(1));

    public static Started Started(JsonObject? inputs = null, string? at = null) => new(Time, "instance", inputs ?? [], at);

    /// <summary>Applies the events one after the other.</summary>
    public static Transition Play(WorkflowDefinition definition, params IEnumerable<WorkflowEvent> events)
    {
        Transition? last = null;
        foreach (var @event in events) last = WorkflowInterpreter.Apply(definition, last?.State, @event);
        return last!;
    }

    public static IEnumerable<string> Ran(IEnumerable<LogEntry> log) => log.Where(l => l.Event == LogEvent.Started && l.NodePath.Split(':').Length == 3).Select(l => l.Execution);
}
