using System.Text.Json.Nodes;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Jobs;

/// <summary>
/// One dispatch of a step by an engine that does not run steps itself: which step, of which version, with which inputs and hparams
/// (<paramref name="Values"/>), for whom. <paramref name="Dispatch"/> is 0 and up: a step that waited or failed is dispatched again under the next one.
/// </summary>
public sealed record StepJob(string Step, int StepVersion, string Queue, JsonObject Values, string Instance, string Activity, int Dispatch)
{
    /// <summary>The workflow of the instance.</summary>
    public string Workflow { get; init; } = "";

    /// <summary>What the last Waiting or Failed answer left behind.</summary>
    public JsonObject? State { get; init; }

    /// <summary>The earliest time it may run, unless it is woken; null: at once.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Events that let it run before its time; null: none.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary>
    /// The same dispatch always has the same id, whatever the engine calls it after a crash: a hash of instance, activity execution and dispatch.
    /// </summary>
    public string Id => IdOf(Instance, Activity, Dispatch);

    public static string IdOf(string instance, string activity, int dispatch) =>
        CanonicalJson.Hash(new JsonObject { ["instance"] = instance, ["activity"] = activity, ["dispatch"] = dispatch })[..32];
}

public enum AnswerKind { Completed, Waiting, Failed }

/// <summary>The answer of a step as it is kept; which members are set follows from the kind.</summary>
public sealed record StepAnswer(AnswerKind Kind)
{
    public JsonObject? Outputs { get; init; }

    public string? Outcome { get; init; }

    /// <summary>True when the outputs are those of an earlier run of the same key.</summary>
    public bool Cached { get; init; }

    public JsonObject? State { get; init; }

    public DateTimeOffset? Deadline { get; init; }

    public IReadOnlyList<string>? Events { get; init; }

    public string? Reason { get; init; }

    public bool Transient { get; init; }

    public static StepAnswer Of(Running.StepResult result) => result switch
    {
        Running.StepResult.Completed done => new(AnswerKind.Completed) { Outputs = done.Outputs, Outcome = done.Outcome, Cached = done.Cached },
        Running.StepResult.Waiting wait => new(AnswerKind.Waiting) { State = wait.State, Deadline = wait.Deadline, Events = wait.Events, Reason = wait.Reason },
        Running.StepResult.Failed failed => new(AnswerKind.Failed) { Reason = failed.Reason, Transient = failed.Transient, State = failed.State },
        _ => throw new NotSupportedException(result.GetType().Name),
    };
}
