using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Lint;

/// <summary>
/// Finds what Elsa finds only when it runs, or never: a workflow without findings has every connection, input and output in its place.
/// </summary>
internal sealed class WorkflowLint
{
    readonly WorkflowDefinition _definition;
    readonly Flowchart _root;
    readonly FlowGraph _graph;
    readonly List<Finding> _findings = [];

    WorkflowLint(WorkflowDefinition definition)
    {
        _definition = definition;
        _root = definition.Root;
        _graph = new(_root, FlowGraph.StartOf(_root, null));
    }

    public static IReadOnlyList<Finding> Check(WorkflowDefinition definition)
    {
        var lint = new WorkflowLint(definition);
        lint.CheckNames();
        foreach (var connection in lint._root.Connections) lint.CheckConnection(connection);
        lint.CheckPaths();
        foreach (var activity in lint._root.Activities)
        {
            lint.CheckProperties(activity);
            foreach (var (property, target) in activity.Outputs) lint.CheckOutput(activity, property, target);
            foreach (var (property, expression) in activity.Inputs) lint.CheckInput(activity, property, expression);
        }
        return lint._findings;
    }

    void Find(string activity, string reason) => _findings.Add(new(_definition.Source, activity, reason));

    void CheckNames()
    {
        foreach (var id in Doubled(_root.Activities.Select(a => a.Id).Append(_root.Id))) Find(id, "more than one activity has this id");
        foreach (var id in Doubled(_definition.Variables.Select(v => v.Id))) Find(_root.Id, $"more than one variable has the id '{id}'");
        foreach (var name in Doubled(_definition.Variables.Select(v => v.Name))) Find(_root.Id, $"more than one variable has the name '{name}'");
        foreach (var name in Doubled(_definition.Inputs.Select(i => i.Name))) Find(_root.Id, $"more than one input has the name '{name}'");
    }

    static IEnumerable<string> Doubled(IEnumerable<string> names) => names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key);

    void CheckConnection(Connection connection)
    {
        var (source, target) = (connection.Source, connection.Target);
        var from = _root.Activities.FirstOrDefault(a => a.Id == source);
        if (from is null) Find(target, $"a connection comes from '{source}', which is not there");
        else if (!from.Type.Outcomes.Contains(connection.Port))
        {
            var ports = from.Type.Outcomes.Count == 0 ? "none" : string.Join(", ", from.Type.Outcomes);
            Find(source, $"a connection leaves by the port '{connection.Port}'; {from.Type.Name} has {ports}");
        }
        if (_root.Activities.All(a => a.Id != target)) Find(source, $"a connection leads to '{target}', which is not there");
        if (connection.TargetPort != "In") Find(source, $"a connection enters '{target}' by the port '{connection.TargetPort}'; expected In");
    }

    void CheckPaths()
    {
        foreach (var activity in _root.Activities.Where(a => !_graph.IsReachable(a.Id)))
            Find(activity.Id, $"nothing leads here from the start '{_graph.Start}'");
        foreach (var back in _graph.Connections.Where(c => _graph.IsReachable(c.Source) && !_graph.IsForward(c) && !_graph.IsSoundBackward(c)))
        {
            Find(back.Source,
                $"the backward connection to '{back.Target}' is not allowed: not every path from the start to '{back.Source}' passes '{back.Target}'");
        }
    }

    void CheckProperties(Activity activity)
    {
        var type = activity.Type;
        var known = string.Join(", ", type.Inputs.Select(i => i.Property).Concat(type.Outputs.Select(o => o.Property)).Order(StringComparer.Ordinal));
        foreach (var input in type.Inputs.Where(i => i.Required && !activity.Inputs.ContainsKey(i.Property)))
            Find(activity.Id, $"the input '{input.Property}' of {type.Name} is missing");
        foreach (var name in activity.Inputs.Keys.Where(n => type.Inputs.All(i => i.Property != n)))
            Find(activity.Id, $"'{name}' is no input of {type.Name}; known are {known}");
        foreach (var name in activity.Settings.Select(s => s.Key).Where(n => type.Name != ActivityCatalog.SetVariable || n != "variable"))
            Find(activity.Id, $"'{name}' is no property of {type.Name}; known are {known}");
        if (type.Name == ActivityCatalog.SetVariable && Variable(activity.TargetVariable) is null)
            Find(activity.Id, $"it sets the variable '{activity.TargetVariable}', which is not there");
    }

    void CheckOutput(Activity activity, string property, string target)
    {
        if (activity.Type.Outputs.FirstOrDefault(o => o.Property == property) is not { } output)
        {
            Find(activity.Id, $"'{property}' is no output of {activity.Type.Name}; known are {string.Join(", ", activity.Type.Outputs.Select(o => o.Property))}");
            return;
        }
        var bound = _definition.Variables.Where(v => v.Id == target).Select(v => (What: $"variable '{v.Name}'", v.Type))
            .Concat(_definition.Outputs.Where(o => o.Name == target).Select(o => (What: $"workflow output '{o.Name}'", o.Type))).ToList();
        if (bound.Count == 0)
            Find(activity.Id, $"the output '{property}' is bound to '{target}', which is neither a variable's id nor an output of the workflow");
        foreach (var (what, type) in bound.Where(b => !Scalars.Fits(output.Type, b.Type)))
            Find(activity.Id, $"the output '{property}' is of type {output.Type}, the {what} of type {type}");
    }

    void CheckInput(Activity activity, string property, Expression expression)
    {
        var input = activity.Type.Inputs.FirstOrDefault(i => i.Property == property);
        var type = input is null ? null : input.Type ?? Variable(activity.TargetVariable)?.Type;
        if (type is not null && expression is Expression.Literal literal && !Scalars.TryConvert(literal.Value, type.Value, out _, out var unfit))
            Find(activity.Id, $"the input '{property}' {unfit}");
        if (expression is Expression.JavaScript script && Script.SyntaxError(script.Script) is { } error)
            Find(activity.Id, $"the input '{property}' is no JavaScript: {error}");

        var reads = ValueReads.Of(expression, _definition);
        foreach (var unknown in reads.Unknown) Find(activity.Id, $"the input '{property}' reads {unknown}, which is not there");
        foreach (var variable in reads.Variables.Select(Variable).OfType<WorkflowVariable>().Where(v => v.Default is null && !IsSetBefore(v, activity)))
        {
            Find(activity.Id,
                $"the input '{property}' reads the variable '{variable.Name}', which has no default and which no activity before it sets");
        }
    }

    bool IsSetBefore(WorkflowVariable variable, Activity reader) =>
        _root.Activities.Any(a => (a.Outputs.Values.Contains(variable.Id) || a.TargetVariable == variable.Id) && _graph.CanFollow(a.Id, reader.Id));

    WorkflowVariable? Variable(string id) => _definition.Variables.FirstOrDefault(v => v.Id == id);
}
