using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Lint;

/// <summary>Finds what Elsa finds only when it runs, or never: a workflow without findings has every connection, input and output in its place.</summary>
public static class WorkflowLint
{
    public static IReadOnlyList<Finding> Check(WorkflowDefinition definition)
    {
        var root = definition.Root;
        var graph = new FlowGraph(root, FlowGraph.StartOf(root, null));
        return
        [
            .. Ids(definition).Concat(root.Connections.SelectMany(c => Connection(c, root)))
                .Concat(root.Activities.SelectMany(a => Properties(a, definition)))
                .Concat(root.Activities.Where(a => !graph.IsReachable(a.Id)).Select(a => (a.Id, $"nothing leads here from the start '{graph.Start}'")))
                .Concat(graph.Connections.Where(c => graph.IsReachable(c.Source) && !graph.IsForward(c) && !graph.IsSoundBackward(c)).Select(c =>
                    (c.Source, $"the backward connection to '{c.Target}' is not allowed: not every path from the start to '{c.Source}' passes '{c.Target}'")))
                .Concat(root.Activities.SelectMany(a => Reads(a, definition, graph)))
                .Select(f => new Finding(definition.Source, f.Item1, f.Item2)),
        ];
    }

    static IEnumerable<(string, string)> Ids(WorkflowDefinition definition)
    {
        var root = definition.Root;
        foreach (var id in root.Activities.Select(a => a.Id).Append(root.Id).GroupBy(id => id).Where(g => g.Count() > 1)) yield return (id.Key, "more than one activity has this id");
        foreach (var id in definition.Variables.GroupBy(v => v.Id).Where(g => g.Count() > 1)) yield return (root.Id, $"more than one variable has the id '{id.Key}'");
        foreach (var name in definition.Variables.GroupBy(v => v.Name).Where(g => g.Count() > 1)) yield return (root.Id, $"more than one variable has the name '{name.Key}'");
        foreach (var name in definition.Inputs.GroupBy(i => i.Name).Where(g => g.Count() > 1)) yield return (root.Id, $"more than one input has the name '{name.Key}'");
    }

    static IEnumerable<(string, string)> Connection(Connection connection, Flowchart root)
    {
        var source = root.Activities.FirstOrDefault(a => a.Id == connection.Source);
        if (source is null) yield return (connection.Target, $"a connection comes from '{connection.Source}', which is not there");
        else if (!source.Type.Outcomes.Contains(connection.Port))
            yield return (source.Id, $"a connection leaves by the port '{connection.Port}'; {source.Type.Name} has {(source.Type.Outcomes.Count == 0 ? "none" : string.Join(", ", source.Type.Outcomes))}");
        if (root.Activities.All(a => a.Id != connection.Target)) yield return (connection.Source, $"a connection leads to '{connection.Target}', which is not there");
        if (connection.TargetPort != "In") yield return (connection.Source, $"a connection enters '{connection.Target}' by the port '{connection.TargetPort}'; expected In");
    }

    static IEnumerable<(string, string)> Properties(Activity activity, WorkflowDefinition definition)
    {
        var type = activity.Type;
        var names = type.Inputs.Select(i => i.Property).Concat(type.Outputs.Select(o => o.Property)).Order(StringComparer.Ordinal).ToList();
        foreach (var input in type.Inputs.Where(i => i.Required && !activity.Inputs.ContainsKey(i.Property)))
            yield return (activity.Id, $"the input '{input.Property}' of {type.Name} is missing");
        foreach (var name in activity.Inputs.Keys.Where(n => type.Inputs.All(i => i.Property != n)))
            yield return (activity.Id, $"'{name}' is no input of {type.Name}; known are {string.Join(", ", names)}");
        foreach (var name in activity.Settings.Select(s => s.Key).Where(n => !(type.Name == ActivityCatalog.SetVariable && n == "variable")))
            yield return (activity.Id, $"'{name}' is no property of {type.Name}; known are {string.Join(", ", names)}");
        foreach (var (name, target) in activity.Outputs)
        {
            if (Output(activity, name, target, definition) is { } reason) yield return (activity.Id, reason);
        }
        if (type.Name == ActivityCatalog.SetVariable && definition.Variables.All(v => v.Id != activity.TargetVariable))
            yield return (activity.Id, $"it sets the variable '{activity.TargetVariable}', which is not there");
        foreach (var (name, expression) in activity.Inputs)
        {
            var target = type.Inputs.FirstOrDefault(i => i.Property == name) is not { } input ? null
                : input.Type ?? definition.Variables.FirstOrDefault(v => v.Id == activity.TargetVariable)?.Type;
            if (expression is Expression.Literal literal && target is { } expected && !Scalars.TryConvert(literal.Value, expected, out _, out var unfit))
                yield return (activity.Id, $"the input '{name}' {unfit}");
            if (expression is Expression.JavaScript script && Script.SyntaxError(script.Script) is { } error)
                yield return (activity.Id, $"the input '{name}' is no JavaScript: {error}");
        }
    }

    static string? Output(Activity activity, string property, string target, WorkflowDefinition definition)
    {
        if (activity.Type.Outputs.FirstOrDefault(o => o.Property == property) is not { } output)
            return $"'{property}' is no output of {activity.Type.Name}; known are {string.Join(", ", activity.Type.Outputs.Select(o => o.Property))}";
        var bound = definition.Variables.Where(v => v.Id == target).Select(v => (Name: $"variable '{v.Name}'", v.Type))
            .Concat(definition.Outputs.Where(o => o.Name == target).Select(o => (Name: $"workflow output '{o.Name}'", o.Type))).ToList();
        if (bound.Count == 0) return $"the output '{property}' is bound to '{target}', which is neither a variable's id nor an output of the workflow";
        return bound.Where(b => !Scalars.Fits(output.Type, b.Type)).Select(b => $"the output '{property}' is a {output.Type}, the {b.Name} a {b.Type}").FirstOrDefault();
    }

    static IEnumerable<(string, string)> Reads(Activity activity, WorkflowDefinition definition, FlowGraph graph)
    {
        foreach (var (name, expression) in activity.Inputs)
        {
            var reads = ValueReads.Of(expression, definition);
            foreach (var unknown in reads.Unknown) yield return (activity.Id, $"the input '{name}' reads {unknown}, which is not there");
            foreach (var id in reads.Variables)
            {
                var variable = definition.Variables.First(v => v.Id == id);
                var writers = definition.Root.Activities.Where(a => a.Outputs.Values.Contains(id) || (a.Type.Name == ActivityCatalog.SetVariable && a.TargetVariable == id)).ToList();
                if (variable.Default is null && !writers.Exists(w => graph.CanFollow(w.Id, activity.Id)))
                    yield return (activity.Id, $"the input '{name}' reads the variable '{variable.Name}', which has no default and which no activity before it sets");
            }
        }
    }
}
