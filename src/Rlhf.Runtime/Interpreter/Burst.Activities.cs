using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;

namespace Rlhf.Runtime.Interpreter;

/// <content>Running an activity: its inputs, what each type of Elsa's does, its end.</content>
internal sealed partial class Burst
{
    /// <summary>How the instance was started; null in every later burst.</summary>
    Started? _trigger;

    void Run(Scheduled next)
    {
        // End may have completed the container while this was queued: as in Elsa it still runs, but nothing begins that would outlast the burst.
        if (next.Again is null && !IsOpen(next.Owner) && (next.Activity.Type.Step is not null || Waits(next.Activity))) return;
        var before = _state;
        JsonObject inputs;
        try
        {
            inputs = Evaluate(next);
        }
        catch (ScriptException e)
        {
            // What its scripts have changed is undone, so that the activity can be tried again.
            _state = before;
            Fault(Start(next, null), e.Message);
            return;
        }
        var execution = Start(next, inputs);
        if (next.Activity.Type.Step is not null) return;
        try
        {
            Execute(next.Activity, execution, inputs);
        }
        catch (ScriptException e)
        {
            Fault(execution, e.Message);
        }
    }

    static bool Waits(Activity activity) => activity.Type.Name
        is ActivityCatalog.Delay or ActivityCatalog.Timer or ActivityCatalog.Cron or ActivityCatalog.Event or ActivityCatalog.DispatchWorkflow;

    ActivityExecution Start(Scheduled next, JsonObject? inputs)
    {
        var activity = next.Activity;
        var execution = next.Again ?? new(IdOf(next), activity.Id, next.Owner)
        {
            ByBackward = next.ByBackward,
            IsStep = activity.Type.Step is not null,
            Variables = activity.Variables.Count > 0 ? Defaults(activity.Variables) : null,
        };
        execution = execution with { Inputs = inputs };
        if (next.Again is null) _state = _state with { Runs = _state.Runs.SetItem(activity.Id, RunsOf(activity.Id) + 1) };
        _state = _state with { Open = _state.Open.Add(execution) };
        Log(execution, next.Again is null ? LogEvent.Started : LogEvent.Resumed, e => e with { Inputs = inputs?.DeepClone().AsObject() });
        return execution;
    }

    string IdOf(Scheduled next) => next.Again?.Id ?? ActivityExecution.IdOf(next.Activity.Id, RunsOf(next.Activity.Id) + 1);

    int RunsOf(string activity) => _state.Runs.GetValueOrDefault(activity);

    void Execute(Activity activity, ActivityExecution execution, JsonObject inputs)
    {
        string Text(string name) => (string?)inputs[name] ?? "";
        switch (activity.Type.Name)
        {
            case ActivityCatalog.Flowchart: Enter(activity, execution); break;
            case ActivityCatalog.Sequence: Advance(activity, execution); break;
            case ActivityCatalog.If: Branch(activity, execution, (bool?)inputs["condition"] is true); break;
            case ActivityCatalog.FlowDecision: Complete(execution, [(bool?)inputs["condition"] is true ? "True" : "False"]); break;
            case ActivityCatalog.FlowSwitch: Complete(execution, Matching(activity, execution, Text("mode"))); break;
            case ActivityCatalog.FlowFork: Complete(execution, inputs["branches"] is JsonArray list ? [.. list.Select(b => $"{b}")] : ["Done"]); break;
            case ActivityCatalog.FlowJoin: Join(activity, execution, Text("mode")); break;
            case ActivityCatalog.SetVariable: Assign(activity, execution, inputs["value"]); break;
            case ActivityCatalog.SetOutput: SetOutput(Text("outputName"), inputs["outputValue"]); Complete(execution); break;
            case ActivityCatalog.RunJavaScript: RunScript(execution, Text("script")); break;
            case ActivityCatalog.WriteLine: Issue(execution, new WorkflowCommand.WriteLine(Text("text"))); break;
            case ActivityCatalog.PublishEvent: Publish(execution, inputs); break;
            case ActivityCatalog.DispatchWorkflow: Dispatch(execution, inputs); break;
            case ActivityCatalog.Finish: Finish(execution); break;
            case ActivityCatalog.Fault: Fault(execution, Text("message") is { Length: > 0 } message ? message : $"fault {Text("code")}"); break;
            case ActivityCatalog.Event: Await(execution, e => e with { WakeEvents = [Text("eventName")], WaitsFor = $"{ActivityExecution.ForEvent} '{Text("eventName")}'" }); break;
            case ActivityCatalog.Cron when Text("cronExpression").Trim().Length == 0: Complete(execution); break;
            case ActivityCatalog.Cron: AwaitTime(execution, () => Schedule.Next(Text("cronExpression"), @event.At, TimeZoneInfo.Utc)); break;
            case ActivityCatalog.Timer: AwaitTime(execution, () => @event.At + Schedule.Interval(Text("interval"))); break;
            case ActivityCatalog.Delay: Pause(execution, Text("timeSpan")); break;
            default: Complete(execution); break; // Start, End
        }
    }

    void Issue(ActivityExecution execution, WorkflowCommand command)
    {
        _commands.Add(command);
        Complete(execution);
    }

    void Publish(ActivityExecution execution, JsonObject inputs) => Issue(
        execution, new WorkflowCommand.PublishEvent((string?)inputs["eventName"] ?? "", inputs["payload"]?.DeepClone()) { Local = (bool?)inputs["isLocalEvent"] is true });

    void Dispatch(ActivityExecution execution, JsonObject inputs)
    {
        if (@event.FailedDispatches.TryGetValue(execution.Id, out var reason))
        {
            Fault(execution, reason);
            return;
        }
        var attempt = execution.FailedAttempts == 0 ? execution.Id : $"{execution.Id}/{execution.FailedAttempts}";
        var child = WorkflowCommand.StartChild.IdOf(_state.Instance, attempt);
        var wait = (bool?)inputs["waitForCompletion"] is true;
        var (id, given) = ((string?)inputs["workflowDefinitionId"] ?? "", inputs["input"]?.DeepClone() as JsonObject ?? []);
        _commands.Add(new WorkflowCommand.StartChild(execution.Id, child, id, given, wait));
        if (wait) Await(execution, e => e with { Child = child, WaitsFor = $"the child {child} ({id})" });
        else Complete(execution);
    }

    void Finish(ActivityExecution execution)
    {
        _state = _state.Without(execution.Id);
        Log(execution, LogEvent.Completed);
        _queue.Clear();
        DropOpen();
    }

    void RunScript(ActivityExecution execution, string script)
    {
        if (script.Trim().Length == 0)
        {
            Complete(execution);
            return;
        }
        var result = Guarded(execution.Id, () => Script.Evaluate(script, ScopeOf(execution.Parent, $"{execution.Id}/script") with { SetsOutcomes = true }));
        Write(execution.Parent, result.Written);
        Complete(execution, result.Outcomes ?? ["Done"], result.Value is null ? null : new() { [ActivityCatalog.Result] = result.Value });
    }

    /// <summary>Suspends an execution, unless it is the trigger whose wait has started the instance.</summary>
    void Await(ActivityExecution execution, Func<ActivityExecution, ActivityExecution> wait)
    {
        if (_trigger is { Triggered: true } && _trigger.StartActivity == execution.Activity && _state.Runs[execution.Activity] == 1)
        {
            var payload = new JsonObject { [ActivityCatalog.Result] = _trigger.Payload?.DeepClone() };
            Complete(execution, null, ActivityOf(execution).Type.Outputs.Count > 0 ? payload : null);
            return;
        }
        execution = wait(execution);
        _state = _state.With(execution);
        Log(execution, LogEvent.Waiting, e => e with { Message = execution.WaitsFor });
    }

    /// <summary>No time at all is no wait: a loop of nothing else is one without a wait.</summary>
    void Pause(ActivityExecution execution, string span)
    {
        if (TimeSpan.TryParse(span, CultureInfo.InvariantCulture, out var none) && none <= TimeSpan.Zero) Complete(execution);
        else AwaitTime(execution, () => @event.At + (Schedule.Span(span) is var wait && wait > Schedule.Shortest ? wait : Schedule.Shortest));
    }

    void AwaitTime(ActivityExecution execution, Func<DateTimeOffset> time)
    {
        try
        {
            var at = time();
            Await(execution, e => e with { WakeAt = at, WaitsFor = $"{at:yyyy-MM-dd HH:mm:ss} UTC" });
        }
        catch (InvalidDataException e)
        {
            Fault(execution, e.Message);
        }
        catch (ArgumentOutOfRangeException)
        {
            Fault(execution, "the time it waits for is out of range; expected one before the year 10000");
        }
    }

    /// <summary>
    /// An execution is over: its outputs go where they are bound, and its container goes on. Outcomes are null where the activity has only
    /// the plain one, which is Done and not logged.
    /// </summary>
    void Complete(ActivityExecution execution, IReadOnlyList<string>? outcomes = null, JsonObject? outputs = null, Func<LogEntry, LogEntry>? more = null)
    {
        if (outputs is not null && Bind(execution, outputs) is { } reason)
        {
            Fault(execution, reason);
            return;
        }
        _state = _state.Without(execution.Id);
        Log(execution, LogEvent.Completed, e => (more ?? (x => x))(e with { Outcomes = outcomes, Outputs = outputs?.DeepClone().AsObject() }));
        ChildCompleted(execution, outcomes ?? ["Done"]);
    }

    void Fault(ActivityExecution execution, string reason, double? seconds = null)
    {
        execution = execution with { Faulted = true, WakeAt = null, WaitsFor = null, WakeEvents = null, Child = null };
        _state = _state with
        {
            Open = _state.Open.RemoveAll(e => e.Id == execution.Id).Add(execution),
            Incidents = _state.Incidents.Add(new(execution.Id, execution.Activity, reason, @event.At)),
        };
        Log(execution, LogEvent.Faulted, e => e with { Message = reason, Seconds = seconds });
    }
}
