using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Lint;

/// <summary>What the lint asks for every activity, found once for the definition.</summary>
internal sealed class LintIndex
{
    readonly WorkflowDefinition _definition;
    readonly Dictionary<string, List<(Activity Activity, int Position)>> _paths = new(StringComparer.Ordinal);
    readonly Dictionary<WorkflowVariable, List<string>> _setters = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<string, FlowGraph> _graphs = new(StringComparer.Ordinal);
    readonly HashSet<string> _getters;

    public LintIndex(WorkflowDefinition definition)
    {
        _definition = definition;
        AddPaths(definition.Root, 0, []);
        _getters = definition.Activities.SelectMany(a => a.Type.Outputs.Select(o => $"get{o.Name}From{Script.PascalOf(a.Id)}")).ToHashSet(StringComparer.Ordinal);
    }

    public bool IsOutputGetter(string name) => _getters.Contains(name);

    /// <summary>The activities that set a variable, as far as the file tells.</summary>
    public IReadOnlyList<string> SettersOf(WorkflowVariable variable)
    {
        if (!_setters.TryGetValue(variable, out var setters))
            _setters[variable] = setters = [.. _definition.Activities.Where(a => Sets(a, variable)).Select(a => a.Id)];
        return setters;
    }

    /// <summary>True where one activity can run before another: decided in the innermost container that holds both.</summary>
    public bool CanPrecede(string first, string second)
    {
        var (before, after) = (_paths[first], _paths[second]);
        for (var level = 1; level < Math.Min(before.Count, after.Count); level++)
        {
            var (from, to, container) = (before[level], after[level], before[level - 1].Activity);
            if (from.Activity == to.Activity && from.Activity.Id != first && from.Activity.Id != second) continue;
            return container.Type.Name switch
            {
                ActivityCatalog.Flowchart => GraphOf(container).CanFollow(from.Activity.Id, to.Activity.Id),
                ActivityCatalog.Sequence => from.Position < to.Position,
                _ => false,
            };
        }
        return true; // one holds the other
    }

    void AddPaths(Activity activity, int position, List<(Activity, int)> outer)
    {
        _paths[activity.Id] = [.. outer, (activity, position)];
        foreach (var (i, child) in activity.Activities.Index()) AddPaths(child, i, _paths[activity.Id]);
    }

    FlowGraph GraphOf(Activity container) =>
        _graphs.TryGetValue(container.Id, out var graph) ? graph : _graphs[container.Id] = new(container, null);

    static bool Sets(Activity setter, WorkflowVariable variable) =>
        setter.Outputs.Values.Contains(variable.Id) || setter.TargetVariable == variable.Id
        || setter.Inputs.Values.Select(ScriptOf).OfType<string>().Any(script => ValueReads.Sets(script, variable.Name));

    // The script of a RunJavaScript stands in the file as a literal.
    static string? ScriptOf(Expression expression) =>
        expression is Expression.Literal literal ? literal.Value?.ToString() : (expression as Expression.JavaScript)?.Script;
}
