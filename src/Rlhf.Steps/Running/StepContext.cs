using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;

namespace Rlhf.Steps.Running;

/// <summary>Who runs a step: the instance, the activity execution (new on every pass of a loop), and what a Waiting answer left behind.</summary>
public sealed record StepExecution(string Instance, string Activity, JsonObject? State = null)
{
    /// <summary>
    /// 0 and up; raised each time the execution is given to another worker, so that one that was cut off and still computes cannot
    /// disturb the one that took over.
    /// </summary>
    public int Epoch { get; init; }

    /// <summary>The workflow of the instance; empty for a step that is run alone.</summary>
    public string Workflow { get; init; } = "";

    /// <summary>The person who started the instance; null where a schedule, an event or nobody known did.</summary>
    public string? StartedBy { get; init; }
}

/// <summary>Sees a step while it runs. Implementers must be quick and must not throw.</summary>
public interface IStepObserver
{
    /// <summary><paramref name="fraction"/> is 0 to 1.</summary>
    void Progress(string activity, double fraction, string message);

    void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values);

    /// <summary>A sentence for the person who runs it: what was seen amiss, why that happens, what can be done.</summary>
    void Notice(string activity, string sentence);
}

/// <summary>What a step may use besides its inputs and hparams.</summary>
public sealed class StepContext(
    string key, StepExecution execution, ArtifactStore artifacts, Checkpoints checkpoints, MetricJournal journal,
    Aliases aliases, Names names, TimeProvider time, IStepObserver? observer, IReadOnlyDictionary<string, object> services)
{
    /// <summary>The step key: the hash under which the step record is committed.</summary>
    public string Key => key;

    public StepExecution Execution => execution;

    public ArtifactStore Artifacts => artifacts;

    /// <summary>Where a long step leaves its state so that a later attempt goes on from there.</summary>
    public Checkpoints Checkpoints => checkpoints;

    /// <summary>Metric lines; durable with the checkpoint or step record that covers them.</summary>
    public MetricJournal Journal => journal;

    public Aliases Aliases => aliases;

    /// <summary>Versions of named artifacts, such as <c>policy@7</c>.</summary>
    public Names Names => names;

    public TimeProvider Time => time;

    public void Progress(double fraction, string message) => observer?.Progress(execution.Activity, Math.Clamp(fraction, 0, 1), message);

    public void Notice(string sentence) => observer?.Notice(execution.Activity, sentence);

    /// <summary>A port that may be configured or not.</summary>
    public T? Configured<T>(string name) where T : class => services.GetValueOrDefault(name) as T;

    /// <summary>A port by name, such as the labeler <c>simulated</c>.</summary>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those there are.</exception>
    public T Service<T>(string name) where T : class
    {
        if (services.TryGetValue(name, out var service) && service is T typed) return typed;
        var known = services.Where(s => s.Value is T).Select(s => s.Key).Order(StringComparer.Ordinal).ToList();
        throw new ArgumentException($"'{name}' is no known {typeof(T).Name[1..].ToLowerInvariant()}; known are {string.Join(", ", known)}.");
    }
}
