using System.Text.Json.Nodes;
using Rlhf.Runtime;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Elsa.Descriptors;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>One run of an activity, or of the workflow as a whole, as its lines in the log tell it.</summary>
sealed record ActivityRun(string Instance, string Execution, string Activity, string NodePath, DateTimeOffset StartedAt)
{
    /// <summary>The execution of the container it is in; null for the workflow.</summary>
    public string? Parent { get; init; }

    /// <summary>Null where it runs the workflow as a whole, or the definition has no such activity.</summary>
    public Activity? Of { get; init; }

    public string Status { get; init; } = "Running";

    public DateTimeOffset? CompletedAt { get; init; }

    public JsonObject? Inputs { get; init; }

    public JsonObject? Outputs { get; init; }

    public IReadOnlyList<string>? Outcomes { get; init; }

    /// <summary>Why it failed; null where it has not.</summary>
    public string? Fault { get; init; }

    public int Faults { get; init; }

    /// <summary>The open execution while it waits, and since when.</summary>
    public ActivityExecution? Wait { get; init; }

    public DateTimeOffset? WaitsSince { get; init; }

    /// <summary>The variables of the workflow, or of a container that is open, by their ids; null where there are none.</summary>
    public IReadOnlyDictionary<string, JsonNode?>? Variables { get; init; }

    /// <summary>How many answers of people have come and are missing, where nothing but them moves the instance on.</summary>
    public PeopleWait? People { get; init; }

    /// <summary>The step's job while it is queued or runs.</summary>
    public StepProgress? Progress { get; init; }

    /// <summary>Seconds that a step computed, all attempts together; null for everything else.</summary>
    public double? Seconds { get; init; }

    public bool Cached { get; init; }

    /// <summary>What the step had to say.</summary>
    public string? Notices { get; init; }

    public string Id => new ExecutionId(Instance, Execution).ToString();

    public string Type => Of?.Type.Name ?? (IsWorkflow ? "Elsa.Workflow" : "Elsa.NotFoundActivity");

    public bool IsWorkflow => Execution == WorkflowExecution;

    const string WorkflowExecution = "Workflow1";

    /// <summary>Every run of an instance, in the order of their starts.</summary>
    /// <param name="people">What people are waited for.</param>
    public static IReadOnlyList<ActivityRun> AllOf(InstanceRecord record, IReadOnlyList<PeopleWait> people)
    {
        var (order, runs, newest) = (new List<string>(), new Dictionary<string, ActivityRun>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var line in record.Log)
        {
            if (!runs.TryGetValue(line.Execution, out var run))
            {
                order.Add(line.Execution);
                run = new(record.Summary.Id, line.Execution, line.Activity, line.NodePath, line.At)
                {
                    Of = record.Definition.Find(line.Activity),
                    Parent = line.NodePath.LastIndexOf(':') is > 0 and var end ? newest.GetValueOrDefault(line.NodePath[..end]) : null,
                };
                newest[line.NodePath] = line.Execution;
            }
            runs[line.Execution] = run.After(line);
        }
        return [.. order.Select(e => runs[e].Now(record, people))];
    }

    ActivityRun After(LogEntry line)
    {
        var run = this with { Inputs = line.Inputs ?? Inputs, Seconds = line.Seconds is { } more ? (Seconds ?? 0) + more : Seconds };
        return line.Event switch
        {
            LogEvent.Completed => run with
            {
                Status = "Completed",
                CompletedAt = line.At,
                Outputs = line.Outputs ?? run.Outputs,
                Outcomes = line.Outcomes,
                Cached = line.Cached,
                Notices = line.Message,
                WaitsSince = null,
            },
            LogEvent.Cancelled => run with { Status = "Canceled", CompletedAt = line.At, WaitsSince = null },
            LogEvent.Faulted => run with { Status = "Faulted", Fault = line.Message ?? "no reason was given", Faults = run.Faults + 1, WaitsSince = null },
            LogEvent.Changed => run,
            LogEvent.Waiting or LogEvent.Retrying => run with { WaitsSince = line.At },
            _ => run with { Status = "Running", CompletedAt = null, Fault = null, WaitsSince = null },
        };
    }

    // The log says nothing of those that an instance's end took with it.
    ActivityRun Now(InstanceRecord record, IReadOnlyList<PeopleWait> people)
    {
        var open = record.State.Open.Find(e => e.Id == Execution);
        var variables = IsWorkflow ? record.State.Variables : open?.Variables;
        var run = this with { Variables = variables is { Count: > 0 } ? variables : null, Wait = open is { IsWaiting: true } ? open : null, Progress = record.Steps.FirstOrDefault(s => s.Execution == Execution) };
        run = run with { People = people.FirstOrDefault(p => p.Instance == Instance && p.Execution == Execution) };
        return CompletedAt is not null || open is not null || !record.State.Ended ? run : run with
        {
            Status = record.State.Status == WorkflowStatus.Cancelled || !IsWorkflow ? "Canceled" : "Completed",
            CompletedAt = record.Summary.UpdatedAt,
        };
    }

    /// <summary>What the activity was given, by Elsa's names.</summary>
    public JsonObject State() => new((Inputs ?? []).Select(i => KeyValuePair.Create(ActivityDescriptors.NameOf(i.Key), i.Value?.DeepClone())));

    /// <summary>What the activity gave, by the names of its descriptor's outputs, null what it has not given; null where it has no outputs.</summary>
    public JsonObject? Given() =>
        IsWorkflow ? new() { [WorkflowResult] = null }
        : Of is not { Type: { Outputs.Count: > 0 } type } ? null
        : new(type.Outputs.Select(o => KeyValuePair.Create(OutputName(type, o), Outputs?.FirstOrDefault(given => given.Key == o.Name).Value?.DeepClone())));

    const string WorkflowResult = "Result";

    static string OutputName(ActivityType type, ActivityOutput output) => type.Step is null ? output.Name : ActivityDescriptors.NameOf(output.Property);
}
