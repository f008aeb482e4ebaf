using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Interpreter;

/// <content>Running activities: inputs, the few that the interpreter does itself, outputs, faults.</content>
internal sealed partial class Burst
{
    void Run(Scheduled next)
    {
        var activity = _activities[next.Activity];
        // End may have completed the flowchart while this was queued: as in Elsa it still runs, but no step begins for a workflow that has
        // ended.
        if (Flow is null && activity.Type.Step is not null) return;
        var inputs = new JsonObject();
        string? failure = null;
        try
        {
            Evaluate(activity, IdOf(next), inputs);
        }
        catch (ScriptException e)
        {
            failure = e.Message;
        }
        var execution = Start(next, inputs);
        if (failure is not null) Fault(execution, failure);
        else if (activity.Type.Step is null) RunInline(activity, execution, inputs);
    }

    ActivityExecution Start(Scheduled next, JsonObject inputs)
    {
        var execution = next.Again ?? new(IdOf(next), next.Activity, _definition.Root.Id) { ByBackward = next.ByBackward };
        execution = execution with { Inputs = inputs };
        if (next.Again is null) _state = _state with { Runs = _state.Runs.SetItem(next.Activity, RunsOf(next.Activity) + 1) };
        _state = _state with { Open = _state.Open.Add(execution) };
        Log(execution, next.Again is null ? LogEvent.Started : LogEvent.Resumed, e => e with { Inputs = inputs.DeepClone().AsObject() });
        return execution;
    }

    string IdOf(Scheduled next) => next.Again?.Id ?? ActivityExecution.IdOf(next.Activity, RunsOf(next.Activity) + 1);

    int RunsOf(string activity) => _state.Runs.GetValueOrDefault(activity);

    void RunInline(Activity activity, ActivityExecution execution, JsonObject inputs)
    {
        string[]? outcomes = null;
        switch (activity.Type.Name)
        {
            case ActivityCatalog.WriteLine:
                _commands.Add(new WorkflowCommand.WriteLine((string?)inputs["text"] ?? ""));
                break;
            case ActivityCatalog.FlowDecision:
                outcomes = [(bool?)inputs["condition"] is true ? "True" : "False"];
                break;
            case ActivityCatalog.SetVariable:
                if (VariableOf(activity) is not { } variable)
                {
                    Fault(execution, $"there is no variable '{activity.TargetVariable}'");
                    return;
                }
                _state = _state with { Variables = _state.Variables.SetItem(variable.Id, inputs["value"]?.DeepClone()) };
                break;
        }
        Complete(execution, outcomes ?? ["Done"], e => e with { Outcomes = outcomes });
    }

    void Evaluate(Activity activity, string execution, JsonObject into)
    {
        foreach (var input in activity.Type.Inputs)
        {
            if (!activity.Inputs.TryGetValue(input.Property, out var expression))
            {
                if (input.Default is not null) into[input.Property] = input.Default.DeepClone();
                continue;
            }
            try
            {
                if (_event.StoppedScripts.Contains(execution)) throw new ScriptException("its script was stopped by the clock");
                var type = input.Type ?? VariableOf(activity)?.Type;
                into[input.Property] = ExpressionEvaluator.Evaluate(expression, type, Value, Scope($"{execution}/{input.Property}"));
            }
            catch (ScriptException e)
            {
                throw new ScriptException($"input '{input.Property}': {e.Message}", e);
            }
            catch (ScriptStoppedException e)
            {
                throw new ScriptStoppedException(e.Message) { Execution = execution };
            }
        }
    }

    ScriptScope Scope(string place) => new(
        _definition.Inputs.DistinctBy(i => i.Name).ToDictionary(i => i.Name, i => _state.Inputs.GetValueOrDefault(i.Name)),
        _definition.Variables.DistinctBy(v => v.Name).ToDictionary(v => v.Name, v => Value(v.Id)),
        _event.At, $"{_state.Instance}/{_state.Events}/{place}");

    JsonNode? Value(string variable) => _state.Variables.GetValueOrDefault(variable);

    WorkflowVariable? VariableOf(Activity activity) => _definition.Variables.FirstOrDefault(v => v.Id == activity.TargetVariable);

    // As in Elsa, an output goes to the variable with the id it is bound to and to the workflow output with that name, to both where both
    // are there.
    string? BindOutputs(Activity activity, JsonObject outputs)
    {
        var (variables, results) = (_state.Variables, _state.Outputs);
        foreach (var (property, target) in activity.Outputs)
        {
            var value = activity.Type.Outputs.FirstOrDefault(o => o.Property == property) is { } output ? outputs[output.Name] : null;
            foreach (var variable in _definition.Variables.Where(v => v.Id == target))
            {
                if (!Scalars.TryConvert(value, variable.Type, out var converted, out var reason))
                    return $"output '{property}' {reason} for variable '{variable.Name}'";
                variables = variables.SetItem(target, converted?.DeepClone());
            }
            foreach (var result in _definition.Outputs.Where(o => o.Name == target))
            {
                if (!Scalars.TryConvert(value, result.Type, out var converted, out var reason))
                    return $"output '{property}' {reason} for the workflow's output '{target}'";
                results = results.SetItem(target, converted?.DeepClone());
            }
        }
        _state = _state with { Variables = variables, Outputs = results };
        return null;
    }

    void Complete(ActivityExecution execution, IReadOnlyList<string> outcomes, Func<LogEntry, LogEntry> more)
    {
        _state = _state.Without(execution.Id);
        Log(execution, LogEvent.Completed, more);
        if (Flow is null) return;
        if (_activities[execution.Activity].Type.Name == ActivityCatalog.End) CloseFlow();
        else Leave(execution, outcomes);
    }

    void Fault(ActivityExecution execution, string reason, double? seconds = null)
    {
        execution = execution with { Faulted = true, WakeAt = null, WaitsFor = null, WakeEvents = null };
        _state = _state with
        {
            Open = _state.Open.RemoveAll(e => e.Id == execution.Id).Add(execution),
            Incidents = _state.Incidents.Add(new(execution.Id, execution.Activity, reason, _event.At)),
        };
        Log(execution, LogEvent.Faulted, e => e with { Message = reason, Seconds = seconds });
    }

    ActivityExecution OpenStep(string id) =>
        _state.Find(id) is { Flow: null, Faulted: false } step ? step
        : throw new ArgumentException($"'{id}' is not an open step of instance {_state.Instance}.");
}
