using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Interpreter;

/// <content>Inputs, variables and outputs.</content>
internal sealed partial class Burst
{
    string[]? _producers;

    public static ImmutableSortedDictionary<string, JsonNode?> Defaults(IEnumerable<WorkflowVariable> variables) =>
        variables.DistinctBy(v => v.Id).ToImmutableSortedDictionary(v => v.Id, v => v.Default?.DeepClone(), StringComparer.Ordinal);

    JsonObject Evaluate(Scheduled next)
    {
        var (activity, values, id) = (next.Activity, new JsonObject(), IdOf(next));
        foreach (var input in activity.Type.Inputs)
        {
            if (!activity.Inputs.TryGetValue(input.Property, out var expression))
            {
                if (input.Default is not null) values[input.Property] = input.Default.DeepClone();
                continue;
            }
            try
            {
                values[input.Property] = Guarded(id, () => EvaluateInput(expression, input.Type, next.Owner, $"{id}/{input.Property}"));
            }
            catch (ScriptException e)
            {
                throw new ScriptException($"input '{input.Property}': {e.Message}", e);
            }
        }
        return values;
    }

    JsonNode? EvaluateInput(Expression expression, DataType type, string? container, string place)
    {
        var result = ExpressionEvaluator.Evaluate(expression, type, id => Value(container, id), ScopeOf(container, place));
        Write(container, result.Written);
        return result.Value;
    }

    T Guarded<T>(string execution, Func<T> evaluate)
    {
        if (@event.StoppedScripts.Contains(execution)) throw new ScriptException("its script was stopped by the clock");
        try
        {
            return evaluate();
        }
        catch (ScriptStoppedException e)
        {
            throw new ScriptStoppedException(e.Message) { Execution = execution };
        }
    }

    string[] Matching(Activity activity, ActivityExecution execution, string mode)
    {
        var matching = activity.Cases.Where((c, i) => (bool?)Guarded(execution.Id, () =>
            EvaluateInput(c.Condition, DataType.Boolean, execution.Parent, $"{execution.Id}/case/{i}")) is true).Select(c => c.Label).ToArray();
        return matching.Length == 0 ? ["Default"] : mode == "MatchAny" ? matching : matching[..1];
    }

    ScriptScope ScopeOf(string? container, string place)
    {
        var variables = new Dictionary<string, ScriptVariable>(StringComparer.Ordinal);
        foreach (var (variable, owner) in InScope(container))
            variables.TryAdd(variable.Name, new(variable.Type, ValuesOf(owner).GetValueOrDefault(variable.Id)));
        var inputs = definition.Inputs.Select(i => i.Name).Concat(_state.Inputs.Keys).Distinct();
        return new(@event.At, $"{_state.Instance}/{_state.Events}/{place}")
        {
            Inputs = inputs.ToDictionary(name => name, name => _state.Inputs.GetValueOrDefault(name)),
            Variables = variables,
            Results = _state.Results,
            Producers = _producers ??= [.. definition.Activities.Where(a => a.Type.Outputs.Count > 0).Select(a => a.Id)],
            LastResult = _state.LastResult is { } last
                ? (_state.Results.GetValueOrDefault(last) as JsonObject)?.FirstOrDefault(o => o.Key == ActivityCatalog.Result).Value : null,
        };
    }

    /// <summary>The variables that an activity in a container sees, the innermost first; the owner is null for those of the workflow.</summary>
    IEnumerable<(WorkflowVariable Variable, ActivityExecution? Owner)> InScope(string? container)
    {
        while (container is not null && _state.Open.Find(e => e.Id == container) is { } owner)
        {
            foreach (var variable in ActivityOf(owner).Variables) yield return (variable, owner);
            container = owner.Parent;
        }
        foreach (var variable in definition.Variables) yield return (variable, null);
    }

    ImmutableSortedDictionary<string, JsonNode?> ValuesOf(ActivityExecution? owner) =>
        owner is null ? _state.Variables : _state.Find(owner.Id).Variables ?? WorkflowState.NoValues;

    JsonNode? Value(string? container, string id)
    {
        var found = InScope(container).FirstOrDefault(v => v.Variable.Id == id);
        return found.Variable is null ? null : ValuesOf(found.Owner).GetValueOrDefault(id);
    }

    void SetValue(ActivityExecution? owner, string id, JsonNode? value)
    {
        if (owner is null) _state = _state with { Variables = _state.Variables.SetItem(id, value?.DeepClone()) };
        else _state = _state.With(_state.Find(owner.Id) with { Variables = ValuesOf(owner).SetItem(id, value?.DeepClone()) });
    }

    void Write(string? container, IReadOnlyDictionary<string, JsonNode?> written)
    {
        foreach (var (name, value) in written)
        {
            var (variable, owner) = InScope(container).First(v => v.Variable.Name == name);
            SetValue(owner, variable.Id, value);
        }
    }

    void Assign(Activity activity, ActivityExecution execution, JsonNode? value)
    {
        var (variable, owner) = InScope(execution.Parent).FirstOrDefault(v => v.Variable.Id == activity.TargetVariable);
        if (variable is null) Fault(execution, $"there is no variable '{activity.TargetVariable}'");
        else if (!Values.TryConvert(value, variable.Type, out var converted, out var reason))
            Fault(execution, $"the value for the variable '{variable.Name}' {reason}");
        else
        {
            SetValue(owner, variable.Id, converted);
            Complete(execution);
        }
    }

    void SetOutput(string name, JsonNode? value)
    {
        var declared = definition.Outputs.FirstOrDefault(o => o.Name == name);
        if (!Values.TryConvert(value, declared?.Type ?? DataType.Any, out var converted, out var reason))
            throw new ScriptException($"the value for the workflow's output '{name}' {reason}");
        _state = _state with { Outputs = _state.Outputs.SetItem(name, converted?.DeepClone()) };
    }

    /// <summary>
    /// Keeps the outputs for scripts and sets what they are bound to: as in Elsa the variable with that id and the workflow output with that
    /// name, both where both are there, and nothing where neither is. Says why it cannot.
    /// </summary>
    string? Bind(ActivityExecution execution, JsonObject outputs)
    {
        var (before, activity) = (_state, ActivityOf(execution));
        // Names are compared one by one: an object that a serializer made may not heed their case, and the event applied again would differ.
        _state = _state with { Results = _state.Results.SetItem(activity.Id, outputs.DeepClone()) };
        if (outputs.Any(o => o.Key == ActivityCatalog.Result)) _state = _state with { LastResult = activity.Id };
        foreach (var (property, target) in activity.Outputs)
        {
            var value = activity.Type.Outputs.FirstOrDefault(o => o.Property == property) is { } output ? outputs.FirstOrDefault(o => o.Key == output.Name).Value : null;
            foreach (var (variable, owner) in InScope(execution.Parent).Where(v => v.Variable.Id == target).Take(1).ToList())
            {
                if (Values.TryConvert(value, variable.Type, out var converted, out var reason)) SetValue(owner, target, converted);
                else return Undo($"output '{property}' {reason} for variable '{variable.Name}'");
            }
            foreach (var result in definition.Outputs.Where(o => o.Name == target))
            {
                if (Values.TryConvert(value, result.Type, out var converted, out var reason))
                    _state = _state with { Outputs = _state.Outputs.SetItem(target, converted?.DeepClone()) };
                else return Undo($"output '{property}' {reason} for the workflow's output '{target}'");
            }
        }
        return null;

        string Undo(string reason)
        {
            _state = before;
            return reason;
        }
    }
}
