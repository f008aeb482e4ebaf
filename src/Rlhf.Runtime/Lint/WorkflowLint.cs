using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Lint;

/// <summary>
/// Finds what Elsa finds only when it runs, or never. Errors are what cannot be meant or would fail after hours: wrong steps, triggers that
/// never fire, names that stand twice. What an Elsa server runs on purpose or by tolerance is at most a warning.
/// </summary>
internal sealed class WorkflowLint
{
    readonly WorkflowDefinition _definition;
    readonly LintIndex _index;
    readonly List<Finding> _findings = [];

    WorkflowLint(WorkflowDefinition definition) => (_definition, _index) = (definition, new(definition));

    /// <summary>All findings, the errors first.</summary>
    public static IReadOnlyList<Finding> Check(WorkflowDefinition definition)
    {
        var lint = new WorkflowLint(definition);
        lint.CheckNames();
        lint.CheckTriggers();
        foreach (var flowchart in definition.Activities.Where(a => a.Type.Name == ActivityCatalog.Flowchart)) lint.CheckFlow(flowchart);
        lint.CheckActivities(definition.Root, [.. definition.Variables]);
        foreach (var promotion in new PromotionLint(definition).Unguarded())
            lint.Find(promotion.Id, "a way leads here that passes no gate; expected every one to leave a DecideGate by Promote, or to pass a PreparePromotion");
        return [.. lint._findings.OrderBy(f => f.Severity)];
    }

    /// <summary>The findings for which a definition is not run.</summary>
    public static IReadOnlyList<Finding> Errors(WorkflowDefinition definition) =>
        [.. Check(definition).Where(f => f.Severity == Severity.Error)];

    void Find(string activity, string reason, bool isError = true) =>
        _findings.Add(new(_definition.Source, activity, reason, isError ? Severity.Error : Severity.Warning));

    void CheckNames()
    {
        var root = _definition.Root.Id;
        foreach (var id in Doubled(_definition.Activities.SelectMany(a => a.Variables).Concat(_definition.Variables).Select(v => v.Id)))
            Find(root, $"more than one variable has the id '{id}'");
        foreach (var scope in _definition.Activities.Select(a => (a.Id, a.Variables)).Append((root, _definition.Variables)))
        {
            foreach (var name in Doubled(scope.Item2.Select(v => v.Name))) Find(scope.Item1, $"more than one variable has the name '{name}'");
        }
        foreach (var name in Doubled(_definition.Inputs.Select(i => i.Name))) Find(root, $"more than one input has the name '{name}'");
    }

    static IEnumerable<string> Doubled(IEnumerable<string> names) => names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key);

    void CheckTriggers()
    {
        foreach (var activity in WorkflowTriggers.Candidates(_definition))
        {
            try
            {
                var trigger = WorkflowTriggers.TriggerOf(_definition, activity);
                if (trigger.Expression.Trim().Length > 0) trigger.Next(DateTimeOffset.UnixEpoch, TimeZoneInfo.Utc);
            }
            catch (InvalidDataException e)
            {
                Find(activity.Id, e.Message.TrimEnd('.'));
            }
        }
    }

    void CheckFlow(Activity flowchart)
    {
        var graph = new FlowGraph(flowchart, FlowGraph.StartOf(flowchart, null)?.Id);
        var here = flowchart.Activities.ToDictionary(a => a.Id);
        foreach (var connection in flowchart.Connections) CheckConnection(flowchart, here, connection);
        foreach (var activity in flowchart.Activities.Where(a => !graph.IsReachable(a.Id) && !a.CanStart))
            Find(activity.Id, $"nothing leads here from the start '{graph.Start}'", activity.Type.Step is not null);
        foreach (var back in graph.Connections.Where(c => graph.IsReachable(c.Source) && !graph.IsForward(c) && !graph.IsSoundBackward(c)))
        {
            Find(back.Source,
                $"the backward connection to '{back.Target}' is not allowed: not every path from the start to '{back.Source}' passes '{back.Target}'",
                HasSteps);
        }
    }

    bool HasSteps => _definition.Activities.Any(a => a.Type.Step is not null);

    void CheckConnection(Activity flowchart, Dictionary<string, Activity> here, Connection connection)
    {
        var (source, target) = (connection.Source, connection.Target);
        // In a file without steps such a connection is one that Elsa drops; with steps, hours of work lie behind it.
        foreach (var (end, other) in new[] { (source, target), (target, source) }.Where(e => !here.ContainsKey(e.Item1)))
        {
            var elsewhere = _definition.Find(end) is not null;
            var place = elsewhere ? $"which is not in '{flowchart.Id}'; expected an activity of the same container" : "which is not there";
            Find(other, end == source ? $"a connection comes from '{end}', {place}" : $"a connection leads to '{end}', {place}", elsewhere || HasSteps);
        }
        if (here.GetValueOrDefault(source) is { } from && PortsOf(from) is { } ports && !ports.Contains(connection.Port))
        {
            var known = ports.Count == 0 ? "none" : string.Join(", ", ports);
            Find(source, $"a connection leaves by the port '{connection.Port}'; {from.Type.Name} has {known}", HasSteps);
        }
        if (connection.TargetPort != "In") Find(source, $"a connection enters '{target}' by the port '{connection.TargetPort}'; expected In", HasSteps);
    }

    /// <summary>The outcomes an activity can have; null where only its script knows.</summary>
    internal static IReadOnlyList<string>? PortsOf(Activity activity) => activity.Type.Name switch
    {
        ActivityCatalog.FlowSwitch => [.. activity.Cases.Select(c => c.Label), "Default"],
        ActivityCatalog.FlowFork => activity.Inputs.GetValueOrDefault("branches") switch
        {
            null => ["Done"],
            Expression.ObjectText text when Values.TryConvert(text.Value, DataType.Texts, out var branches, out _) && branches is not null =>
                [.. branches.AsArray().Select(b => $"{b}")],
            _ => null,
        },
        ActivityCatalog.RunJavaScript => null,
        _ => activity.Type.Outcomes,
    };

    void CheckActivities(Activity activity, IReadOnlyList<WorkflowVariable> variables)
    {
        new ActivityLint(_definition, _index, activity, variables, Find).Check();
        if (activity.Activities.Count == 0) return;
        var inside = activity.Variables.Concat(variables).DistinctBy(v => v.Name).ToList();
        foreach (var child in activity.Activities) CheckActivities(child, inside);
    }
}
