using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;

namespace Rlhf.Steps.Data;

/// <summary>One held-out pair as the reward model and the bag-of-words baseline see it: margins are score(chosen) − score(rejected).</summary>
public sealed record ScoredPair(
    string ComparisonId, IReadOnlyList<Turn> Prompt, string Chosen, string Rejected, double Margin, double BaselineMargin);

/// <summary>
/// What became of the judgements; <c>preferences</c> artifact, file <c>report.json</c>, the pairs in <c>pairs.jsonl</c>. Pairs are counted without
/// ties, which stand in the file too. Identical: comparisons left out since their sides are the same text. Near-duplicates: held-out
/// prompts found to share four fifths of their word trigrams with a training prompt (MinHash: a few may be missed).
/// </summary>
public sealed record PreferenceReport(
    int TrainPairs, int HeldOutPairs, int Ties, double MeanAgreement, bool Simulated, int Identical = 0, int NearDuplicates = 0)
{
    /// <summary>Share of all pairs of labelers of a comparison that disagree about the better side; null where none was judged by two.</summary>
    public double? Disagreement { get; init; }

    /// <summary>Judgements that are not used.</summary>
    public int Excluded { get; init; }

    /// <summary>Comparisons left out since no judgement of them came.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Unjudged { get; init; }

    public IReadOnlyList<LabelerFigures> Labelers { get; init; } = [];

    /// <inheritdoc cref="GateVerdict.JudgeShare"/>
    public double? JudgeShare { get; init; }
}

/// <summary>One labeler's part: judgements that are used, the share of them that say what was taken for the better side (ties of either left out), and the
/// chance of saying what is true, where abilities were estimated.</summary>
public sealed record LabelerFigures(string Labeler, int Judgements, double? Consensus, double? Ability);

/// <summary>A kind of prompts: candidates for training there were, and how many of them are asked.</summary>
public sealed record ClusterCoverage(int Cluster, int Prompts, int Candidates, int Asked);

/// <summary>
/// What is asked about; <c>comparisons</c> artifact, file <c>report.json</c>, beside a plot of the clusters (<c>clusters.svg</c>) and its numbers (<c>clusters.csv</c>). Coverage: share of the
/// clusters with a question; evenness: entropy of the questions over the clusters, by that of an even spread, 0 to 1; both null where prompts were not grouped.
/// </summary>
public sealed record SelectionReport(
    int Candidates, int Training, int HeldOut, int NearDuplicates, IReadOnlyDictionary<string, int> Strategies, double? Coverage, double? Evenness,
    IReadOnlyList<ClusterCoverage> Clusters)
{
    public const string Plot = "clusters.svg", PlotNumbers = "clusters.csv";
}

/// <summary>Accuracy over a part of the held-out pairs.</summary>
public sealed record PartAccuracy(string Part, int Pairs, double Accuracy);

/// <summary>One bin of a reliability table: predicted probabilities from lower to upper, their mean, and the share that came true.</summary>
public sealed record ReliabilityRow(double Lower, double Upper, int Pairs, double Predicted, double Observed);

/// <summary>How well the predicted probability of the judged side fits; the temperature that would fit best divides the log-odds.</summary>
public sealed record CalibrationReport(double Ece, double Brier, double NegativeLogLikelihood, double Temperature, IReadOnlyList<ReliabilityRow> Reliability);

/// <summary>
/// How scores depend on length, in tokens: correlation and slope over all completions; decided: share of pairs whose better side is another one
/// once that line is taken off.
/// </summary>
public sealed record LengthReport(double? Correlation, double? Slope, double? Decided);

/// <summary>
/// Figures of a reward model on held-out pairs; <c>report-card</c> artifact, file <c>card.json</c>, pairs in <c>pairs.jsonl</c>. Language
/// losses, in nats a token on completions of the reference policy, say what the backbone forgot; null where they were not measured.
/// </summary>
public sealed record RewardModelCard(
    int Pairs, double Accuracy, double BaselineAccuracy, double LongerWins, double MeanMargin, double NegativeLogLikelihood, bool Simulated,
    int Ties, int Members, CalibrationReport Calibration, LengthReport Length, double? LanguageLossBefore, double? LanguageLossAfter,
    IReadOnlyList<PartAccuracy> ByAgreement, IReadOnlyList<PartAccuracy> BySource, IReadOnlyList<PartAccuracy> ByLength)
{
    /// <summary>Of the judgements that the pairs were made of; null where none was an AI judge's.</summary>
    public double? JudgeShare { get; init; }
}

/// <summary>What the training did to the backbone as a language model, in nats a token; <c>reward-model</c> artifact, file <c>language_loss.json</c>.</summary>
public sealed record LanguageLoss(double Before, double After, int Tokens);

/// <summary>
/// What the hidden preference of simulated labelers says; <c>gold</c> artifact, file <c>gold.json</c>. Gold means are over the completions of
/// the evaluation; accuracies over held-out pairs whose gold differs; agreement over decisive judgements of such pairs.
/// </summary>
public sealed record GoldReport(
    double ChampionMean, double ChampionDeviation, double ChallengerMean, double Gain, double RewardModelAccuracy, double BaselineAccuracy,
    int Pairs, double LabelerAgreement, int Judgements, bool Simulated = true);

/// <summary>The round in one record; <c>report</c> artifact, file <c>report.json</c>, beside the same to be read (<c>report.html</c>).</summary>
public sealed record RoundReport(
    int Round, RewardModelCard RewardModel, double ProxyBefore, double ProxyAfter, double SequenceKl, GateDecision Decision, GoldReport? Gold,
    ArtifactRef Champion, ArtifactRef Challenger, ArtifactRef RewardModelRef, ArtifactRef Preferences, ArtifactRef Evidence)
{
    public const string Kind = "report", File = "report.json", Page = "report.html";

    /// <summary>Ratings of all policies of the campaign after the round; null in reports of earlier versions of the product.</summary>
    public ArtifactRef? Ratings { get; init; }

    /// <summary>The champion's part of them; null where it was not compared.</summary>
    public PolicyRating? ChampionRating { get; init; }

    /// <summary>The challenger's.</summary>
    public PolicyRating? ChallengerRating { get; init; }

    /// <summary>The reward model of another axis that the challenger was trained by too; null where there was one only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SecondAxis? Second { get; init; }

    /// <summary>What the over-optimization monitor said; null where it did not watch the training.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ArtifactRef? Overoptimization { get; init; }
}

/// <summary>What a round has of a second axis.</summary>
public sealed record SecondAxis(string Axis, RewardModelCard RewardModel, ArtifactRef RewardModelRef, ArtifactRef Preferences);

/// <summary>
/// What a refresh of the reward model came to; <c>refresh</c> artifact, file <c>refresh.json</c>. Before: the report card, on the same held-out pairs,
/// of the reward model that there was; null where there was none.
/// </summary>
public sealed record RefreshReport(
    int Round, RewardModelCard RewardModel, RewardModelCard? Before, ArtifactRef Champion, ArtifactRef RewardModelRef, ArtifactRef? EarlierRewardModel, ArtifactRef Preferences);

/// <summary>
/// How far those who answered again say what the first ones said, by the majority of each, as the one side, a tie or the other side; <c>agreement</c>
/// artifact, file <c>agreement.json</c>. Lower and upper: 95 % (Wilson); kappa is null with the reason where chance is everything.
/// </summary>
/// <param name="Checked">Comparisons that were asked again.</param>
/// <param name="Compared">Those on which both have a majority.</param>
/// <param name="Agreement">Share of the compared ones on which both say the same of the three.</param>
/// <param name="Opposite">Of them, on which they prefer different sides.</param>
/// <param name="Axis">What was judged by.</param>
/// <param name="Simulated">True where any of the labelers is simulated.</param>
public sealed record AgreementCheck(
    int Checked, int Compared, double Agreement, double Lower, double Upper, int Opposite, double? CohenKappa, string? Reason, double LeastAgreement, string Axis,
    IReadOnlyList<string> FirstLabelers, IReadOnlyList<string> SecondLabelers, bool Simulated)
{
    public bool Agrees => Agreement >= LeastAgreement;
}
