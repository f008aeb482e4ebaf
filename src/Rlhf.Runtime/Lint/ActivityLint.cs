using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Lint;

/// <summary>
/// One activity: its properties, and what its inputs read and its outputs set. A step is checked strictly; what Elsa's own activities take
/// as it comes is a warning.
/// </summary>
internal sealed class ActivityLint(
    WorkflowDefinition definition, LintIndex index, Activity activity, IReadOnlyList<WorkflowVariable> variables, Action<string, string, bool> find)
{
    readonly bool _isStep = activity.Type.Step is not null;

    public void Check()
    {
        CheckProperties();
        foreach (var (property, target) in activity.Outputs) CheckOutput(property, target);
        foreach (var (property, expression) in activity.Inputs) CheckInput($"the input '{property}'", property, expression);
        foreach (var branch in activity.Cases) CheckInput($"the case '{branch.Label}'", "", branch.Condition);
    }

    void Find(string reason, bool? isError = null) => find(activity.Id, reason, isError ?? _isStep);

    void CheckProperties()
    {
        var type = activity.Type;
        var known = string.Join(", ", type.Inputs.Select(i => i.Property).Concat(type.Outputs.Select(o => o.Property)).Order(StringComparer.Ordinal));
        foreach (var input in type.Inputs.Where(i => i.Required && !activity.Inputs.ContainsKey(i.Property)))
            Find($"the input '{input.Property}' of {type.Name} is missing");
        foreach (var name in activity.Inputs.Keys.Where(n => type.Inputs.All(i => i.Property != n)))
            Find($"'{name}' is no input of {type.Name}; known are {known}");
        foreach (var name in activity.Settings.Select(s => s.Key).Where(n => type.Name != ActivityCatalog.SetVariable || n != "variable"))
            Find($"'{name}' is no property of {type.Name}; known are {known}");
        if (type.Name == ActivityCatalog.SetVariable && Variable(activity.TargetVariable) is null)
            Find($"it sets the variable '{activity.TargetVariable}', which is not there");
    }

    void CheckOutput(string property, string target)
    {
        if (activity.Type.Outputs.FirstOrDefault(o => o.Property == property) is not { } output)
        {
            Find($"'{property}' is no output of {activity.Type.Name}; known are {string.Join(", ", activity.Type.Outputs.Select(o => o.Property))}");
            return;
        }
        var bound = variables.Where(v => v.Id == target).Select(v => (What: $"variable '{v.Name}'", v.Type))
            .Concat(definition.Outputs.Where(o => o.Name == target).Select(o => (What: $"workflow output '{o.Name}'", o.Type))).ToList();
        if (bound.Count == 0)
            Find($"the output '{property}' is bound to '{target}', which is neither a variable's id nor an output of the workflow");
        if (output.Type == DataType.Any) return; // what a script gives is known when it has run
        foreach (var (what, type) in bound.Where(b => !Values.Fits(output.Type, b.Type)))
            Find($"the output '{property}' is of type {output.Type}, the {what} of type {type}");
    }

    void CheckInput(string what, string property, Expression expression)
    {
        var type = activity.Type.Inputs.FirstOrDefault(i => i.Property == property)?.Type;
        if (activity.Type.Name == ActivityCatalog.SetVariable) type = Variable(activity.TargetVariable)?.Type;
        if (type is not null && expression is Expression.Literal literal && !Values.TryConvert(literal.Value, type.Value, out _, out var unfit))
            Find($"{what} {unfit}");
        if (type is { } needed && expression is Expression.Variable { Id: var id } && Variable(id) is { } read && !Values.Fits(read.Type, needed))
            Find($"{what} is of type {needed}, the variable '{read.Name}' of type {read.Type}", _isStep && (read.Type.IsList || needed.IsList || read.Type.Kind == ValueKind.ObjectDictionary));
        var script = expression switch
        {
            Expression.JavaScript javaScript => javaScript.Script,
            Expression.Literal { Value: { } text } when property == "script" => text.ToString(),
            _ => null,
        };
        if (script is not null && Script.SyntaxError(script) is { } error) Find($"{what} is no JavaScript: {error}");

        var reads = ValueReads.Of(expression, script, definition, index, variables);
        foreach (var unknown in reads.Unknown) Find($"{what} reads {unknown}, which is not there");
        if (!_isStep) return;
        foreach (var variable in reads.Variables.Select(Variable).OfType<WorkflowVariable>().Where(v => v.Default is null && !IsSetBefore(v)))
            Find($"{what} reads the variable '{variable.Name}', which has no default and which no activity before it sets");
    }

    bool IsSetBefore(WorkflowVariable variable) => index.SettersOf(variable).Any(setter => index.CanPrecede(setter, activity.Id));

    WorkflowVariable? Variable(string id) => variables.FirstOrDefault(v => v.Id == id);
}
