using Rlhf.Reports.Figures;
using Rlhf.Reports.Rounds;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Studio;

namespace Rlhf.Server.Rounds;

/// <summary>A step of an instance that is over: seconds over all its dispatches; cached where its outputs were those of an earlier run.</summary>
public sealed record FinishedStep(string Activity, DateTimeOffset At, double Seconds, bool Cached)
{
    public static IReadOnlyList<FinishedStep> Of(IEnumerable<LogEntry> log) =>
        [.. log.Where(l => l.Seconds is not null).GroupBy(l => l.Activity).Select(g => new FinishedStep(g.Key, g.Max(l => l.At), g.Sum(l => l.Seconds!.Value), g.All(l => l.Cached)))];
}

/// <summary>What the page of a round shows.</summary>
/// <param name="State">What runs, what is waited for, what failed.</param>
/// <param name="Done">In the order in which they ended first.</param>
/// <param name="Training">Null where PPO has not left a checkpoint yet.</param>
/// <param name="Report">Null before it is reported.</param>
/// <param name="Children">Instances that it dispatched, as a campaign does its rounds.</param>
public sealed record RoundState(
    InstanceState State, IReadOnlyList<FinishedStep> Done, WatchedTraining? Training, ReportedRound? Report, string? Outcome, bool Simulated, IReadOnlyList<string> Children)
{
    public string Id => State.Details.Summary.Id;

    /// <summary>Names of the training's figures and what they show.</summary>
    public IReadOnlyList<Figure> Figures => Training is null ? [] : [.. TrainingCurves.Figures(Training.Curves)];
}
