using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Data;

/// <summary>A figure with its 95 % interval.</summary>
public sealed record Estimate(double Value, double Lower, double Upper);

/// <summary>Which of the two laws of over-optimization (Gao, Schulman and Hilton 2022), with d = √KL: <c>d(α − βd)</c> under best-of-n, <c>d(α − β ln d)</c> under RL.</summary>
public enum OveroptimizationLaw { BestOfN, Rl }

/// <summary>
/// What was measured of one policy on the way from the policy that a training started from, which is at KL 0, proxy 0 and gold 0. Scores are re-centred on
/// that policy's and in its standard deviations. Gold comes from judgements of comparisons with its completions, never from anything a training could see.
/// </summary>
/// <param name="Policy">The policy at this point.</param>
/// <param name="Update">PPO updates it has had; n of a best-of-n point.</param>
/// <param name="Kl">Sequence KL to the policy that the training started from, in nats; an estimate that chance put below 0 is 0.</param>
/// <param name="Proxy">Mean score by the reward model, over all samples.</param>
/// <param name="Gold">Mean gold score, over the judged samples.</param>
/// <param name="Samples">Completions that were scored.</param>
/// <param name="Judged">Comparisons that were judged.</param>
/// <param name="Simulated">True where any of the labelers is simulated.</param>
public sealed record OveroptimizationPoint(ArtifactRef Policy, int Update, double Kl, Estimate Proxy, Estimate Gold, int Samples, int Judged, bool Simulated)
{
    /// <summary>Sequence KL to the reference policy, in nats, as estimated; null where it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? KlToReference { get; init; }

    /// <summary>Mean score as the reward model gives it, which the proxy is re-centred from.</summary>
    public double MeanScore { get; init; }

    /// <summary>Share of the judgements that are an AI judge's; null where none is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? JudgeShare { get; init; }
}

/// <summary>
/// A law fitted to points, with bootstrap intervals. Best: where the law is highest. R2 is centred: 1 − residual over total sum of squares about the mean.
/// </summary>
/// <param name="Alpha">Slope per √nat.</param>
/// <param name="Beta">How fast the gain decays.</param>
/// <param name="BestKl">In nats.</param>
/// <param name="BestGain">The law's value there, in standard deviations.</param>
/// <param name="Points">Points that carried the fit.</param>
public sealed record LawFit(OveroptimizationLaw Law, Estimate Alpha, Estimate Beta, Estimate BestKl, Estimate BestGain, double R2, int Points);

/// <summary>
/// What the law says of going on, in standard deviations of gold: one more round with a reward model trained anew (the k-iteration term, β·d·ln((k+1)/k)), beside
/// training longer against the one there is. It informs; nothing is decided by it.
/// </summary>
public sealed record RoundOutlook(int Round, Estimate OneMoreRound, Estimate TrainingLonger, IReadOnlyList<string> Assumptions);

/// <summary>What the monitor says of a training: go on, stop and hand on the best checkpoint, or refresh the reward model first.</summary>
public enum MonitorVerdict { Continue, Stop, Refresh }

/// <summary>
/// How far the current policy's pairs are from those the reward model was trained on: its accuracy and calibration error there and then, disagreement among
/// the members of an ensemble, and distance of hidden states. What could not be computed is null, with the reason in <see cref="OveroptimizationReport.Reasons"/>.
/// </summary>
public sealed record DistributionShift(
    double? AccuracyThen, double? AccuracyNow, double? CalibrationErrorThen, double? CalibrationErrorNow, double? DisagreementThen, double? DisagreementNow, double? HiddenDistance);

/// <summary>One sign of reward hacking: its figure at the start and now, whether it passed its threshold, and the completions that show it most.</summary>
/// <param name="Name">Such as <c>length</c>, <c>repetition</c>, <c>rareTokens</c>, <c>refusals</c>, <c>outliers</c>.</param>
public sealed record HackingSign(string Name, double Before, double Now, double Threshold, bool Alarm, IReadOnlyList<HackingExample> Examples)
{
    /// <summary>As people call it, and what its figure is; null where that is not known here.</summary>
    [JsonIgnore]
    public (string Name, string? Unit) Words => Name switch
    {
        "length" => ("length", "mean tokens of a completion"),
        "repetition" => ("repetition", "share of a completion's pairs of words that stood in it before"),
        "rareTokens" => ("rare tokens", "nats a token by the reference policy"),
        "refusals" => ("refusals", "share of completions"),
        "outliers" => ("outlying scores", "share of completions, four deviations above the mean score"),
        _ => (Name, null),
    };
}

/// <summary>A completion that shows a sign of reward hacking.</summary>
public sealed record HackingExample(string PromptId, string Prompt, string Completion, double Figure, double Score);

/// <summary>
/// What the over-optimization monitor knows of one training; <c>overoptimization</c> artifact, file <c>overoptimization.json</c>, points as
/// <c>points.csv</c> beside it. The points are in the order in which they were measured; a later pass of the monitor has all earlier points too.
/// </summary>
/// <param name="Reference">Policy the KL is measured to.</param>
/// <param name="Start">Policy that the training started from.</param>
/// <param name="Fit">The law under RL, fitted to gold; null where it was refused.</param>
/// <param name="Refused">Why there is no fit; null where there is one.</param>
/// <param name="PartsAt">KL, in nats, from which on proxy and gold part: proxy rises while gold's law falls; null where they do not, or nothing was fitted.</param>
/// <param name="Best">The checkpoint that is best by gold, which is handed on; null before the first.</param>
/// <param name="Reasons">Why the verdict is what it is, and what could not be computed, a sentence each.</param>
public sealed record OveroptimizationReport(
    ArtifactRef Reference, ArtifactRef Start, ArtifactRef RewardModel, IReadOnlyList<OveroptimizationPoint> Points, LawFit? Fit, string? Refused, double? PartsAt,
    MonitorVerdict Verdict, ArtifactRef? Best, IReadOnlyList<string> Reasons)
{
    public const string Kind = "overoptimization";

    public const string File = "overoptimization.json";

    /// <summary>Columns kl, gold, weight, and then what else is known; <c>rlhf overoptimization fit</c> reads it.</summary>
    public const string PointsFile = "points.csv";

    /// <summary>Null where it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DistributionShift? Shift { get; init; }

    public IReadOnlyList<HackingSign> Signs { get; init; } = [];

    /// <summary>Null without a fit, and where the round's number was not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RoundOutlook? Outlook { get; init; }

    /// <summary>
    /// Best-of-n's law fitted to <see cref="Points"/>: it is no law of RL, and fits all of a training worse, but from checkpoints before the peak its best KL is the closer guess. Null where
    /// it was refused.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LawFit? QuadraticFit { get; init; }

    /// <summary>Best-of-n from the starting policy, before PPO; empty where it was not probed.</summary>
    public IReadOnlyList<OveroptimizationPoint> BestOfN { get; init; } = [];

    /// <summary>The law under best-of-n, fitted to <see cref="BestOfN"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LawFit? BestOfNFit { get; init; }
}
