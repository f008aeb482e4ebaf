using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Gates;

/// <summary>What became of a criterion.</summary>
public enum CriterionState
{
    Holds,
    Fails,

    /// <summary>What it needs is not there: the gate stays closed.</summary>
    NotEvaluable,
}

/// <summary>One criterion of the gate: its figure (none where it is not evaluable), its threshold (none where it is no number), and the sentence that says so.</summary>
public sealed record CriterionResult(string Name, double? Value, double? Threshold, CriterionState State, string Reason)
{
    [JsonIgnore]
    public bool Holds => State == CriterionState.Holds;
}

/// <summary>Win rate of a kind of prompts, ties a half.</summary>
public sealed record ClusterRate(string Cluster, int Prompts, double Rate);

/// <summary>
/// Figures that are reported and decide nothing unless a criterion names them; null where they cannot be computed, with a reason.
/// </summary>
public sealed record GateStatistics
{
    /// <summary>Share of decisive judgements that prefer the challenger, with Wilson's interval at the test's confidence, as if judgements were independent.</summary>
    public double? DecisiveWinRate { get; init; }

    public double? WilsonLower { get; init; }

    public double? WilsonUpper { get; init; }

    /// <summary>Exact one-sided p of the sign test over prompts whose mean is not a half.</summary>
    public double? SignTest { get; init; }

    public double? StandardError { get; init; }

    /// <summary>AlpacaEval's length-controlled win rate, with a bootstrap interval over prompts.</summary>
    public double? LengthControlledWinRate { get; init; }

    public double? LengthControlledLower { get; init; }

    public double? LengthControlledUpper { get; init; }

    /// <summary>Share of decisive judgements that prefer the side shown first, with Wilson's interval.</summary>
    public double? FirstShownWins { get; init; }

    public double? FirstShownLower { get; init; }

    public double? FirstShownUpper { get; init; }

    /// <summary>Share of the pairs of judgements of a comparison that say the same.</summary>
    public double? Agreement { get; init; }

    /// <summary>Shares of completions that were called unsafe.</summary>
    public double? ChampionUnsafe { get; init; }

    public double? ChallengerUnsafe { get; init; }

    /// <summary>Mean length by the champion's, in characters.</summary>
    public double? LengthRatio { get; init; }

    /// <summary>True where the whole says one thing and most clusters the other (Simpson's paradox); null where prompts were not grouped.</summary>
    public bool? ClustersContradict { get; init; }
}

/// <summary>
/// What the judgements and the criteria come to. The win rate is the mean over prompts, ties a half, within the always-valid interval of the test's
/// confidence; wins, losses and ties count judgements.
/// </summary>
/// <param name="Outcome"><c>Promote</c>, <c>Reject</c> or <c>NeedMoreJudgements</c>.</param>
/// <param name="Reason">In a sentence.</param>
/// <param name="More">Further judgements that probably decide; null where none are needed.</param>
/// <param name="EValue">Evidence against a win rate of the target or less; 1/α promotes.</param>
/// <param name="FutilityEValue">Evidence against a win rate of the expected one or more; 1/β ends the asking.</param>
public sealed record GateVerdict(
    string Outcome, string Reason, int? More, int Prompts, int Judgements, int Wins, int Losses, int Ties, int Labelers,
    double? WinRate, double? LowerBound, double? UpperBound, double Confidence, double? EValue, double? FutilityEValue, bool Simulated,
    IReadOnlyList<CriterionResult> Criteria, GateStatistics Statistics, IReadOnlyList<ClusterRate> Clusters, IReadOnlyDictionary<string, string> Reasons)
{
    public const string Promote = "Promote", Reject = "Reject", NeedMoreJudgements = "NeedMoreJudgements";

    /// <summary>Share of the judgements that an AI judge gave, above 0 to 1; null where none did.</summary>
    public double? JudgeShare { get; init; }

    /// <summary>Judgements that were asked for and never came; nothing stands for them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Missing { get; init; }
}

/// <summary>
/// The gate's answer; <c>decision</c> artifact, file <c>decision.json</c>, beside the criteria (<c>criteria.json</c>) and the prompts where the champion was better
/// (<c>regressions.jsonl</c>).
/// </summary>
/// <param name="Criteria">The criteria that decided.</param>
/// <param name="IsExploratory">True where some judgement was collected under other criteria, or under none: that promotes nothing.</param>
public sealed record GateDecision(
    ArtifactRef Champion, ArtifactRef Challenger, ArtifactRef Evidence, ArtifactRef Criteria, bool IsExploratory, GateVerdict Verdict)
{
    public const string File = "decision.json";

    /// <summary>Figures of the policies themselves, where they were measured.</summary>
    public ArtifactRef? Measures { get; init; }

    /// <summary>The reward model's report card, where it was given.</summary>
    public ArtifactRef? ReportCard { get; init; }

    [JsonIgnore]
    public string Outcome => Verdict.Outcome;
}

/// <summary>A prompt on which the champion was better; <c>decision</c> artifact, file <c>regressions.jsonl</c>, the worst first.</summary>
public sealed record Regression(string PromptId, IReadOnlyList<Turn> Prompt, string Champion, string Challenger, double Rate, int Judgements, int? Cluster);

/// <summary>
/// What an evaluation compares, and by what it will be decided: fixed before the first judgement. <c>comparisons</c> and <c>evidence</c> artifacts, file
/// <c>subject.json</c>.
/// </summary>
/// <param name="PromptsLeft">Held-out prompts that were not asked about yet.</param>
public sealed record EvaluationSubject(ArtifactRef Champion, ArtifactRef Challenger, ArtifactRef Criteria, int PromptsLeft)
{
    public const string File = "subject.json";

    /// <summary>True where judgements before these were collected under other criteria.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsExploratory { get; init; }
}

/// <summary>One comparison of champion and challenger with its judgements; <c>evidence</c> artifact, file <c>evidence.jsonl</c>, in the order of asking.</summary>
public sealed record EvidenceItem(int Pass, Comparison Comparison, IReadOnlyList<Judgement> Judgements)
{
    public const string File = "evidence.jsonl";

    /// <summary>Begins the purpose of comparisons of champion and challenger, which decide.</summary>
    public const string DecidingPurpose = "evaluation-";

    /// <summary>Begins the purpose of comparisons with an earlier champion, which are for the ratings and decide nothing.</summary>
    public const string RatingPurpose = "rating-";

    /// <summary>False for what is there for the ratings alone.</summary>
    [JsonIgnore]
    public bool Decides => Comparison.Purpose.StartsWith(DecidingPurpose, StringComparison.Ordinal);

    /// <summary>Judgements that were asked for and never came.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Missing { get; init; }
}

/// <summary>What one policy does on the evaluation's prompts.</summary>
/// <param name="Proxy">Mean score of the reward model, normalized as it is; of an ensemble the mean of its members.</param>
/// <param name="Kl">To the reference policy, in nats a sequence: the mean over its completions of its own log-probability less the reference's.</param>
/// <param name="Characters">Mean length of a completion.</param>
/// <param name="Tokens">Mean length of a completion, end of sequence included.</param>
/// <param name="Finished">Share that the length limit did not cut.</param>
/// <param name="Distinct1">Distinct words by all words; null where there is no word.</param>
/// <param name="Distinct2">Distinct pairs of words by all pairs; null where there is no pair.</param>
/// <param name="SelfBleu">Mean BLEU of a completion against others, 0 to 1; null where there are fewer than two.</param>
/// <param name="Refusals">Share of completions that begin with a refusal, in English.</param>
/// <param name="LanguageLoss">On held-out text, in nats a token.</param>
public sealed record PolicyMeasures(
    double Proxy, double Kl, double Characters, double Tokens, double Finished, double? Distinct1, double? Distinct2, double? SelfBleu, double Refusals, double LanguageLoss)
{
    /// <summary>Of the KL; null where there is one completion.</summary>
    public double? KlStandardError { get; init; }

    /// <summary>
    /// Share of completions whose text has another number of tokens when it is encoded than were sampled. Of these the KL is that of the usual encoding, not
    /// of the tokens that were drawn.
    /// </summary>
    public double Reencoded { get; init; }
}

/// <summary>Champion and challenger on the same held-out prompts; <c>measures</c> artifact, file <c>measures.json</c>.</summary>
/// <param name="Prompts">How many there are.</param>
/// <param name="Temperature">Of the KL.</param>
/// <param name="ReferenceLanguageLoss">Of the reference policy, on the text that the others read too.</param>
/// <param name="LanguageText">What that is.</param>
public sealed record ChallengerMeasures(
    ArtifactRef Champion, ArtifactRef Challenger, ArtifactRef Reference, ArtifactRef RewardModel, int Prompts, double Temperature,
    PolicyMeasures ChampionFigures, PolicyMeasures ChallengerFigures, double ReferenceLanguageLoss, LanguageText LanguageText)
{
    public const string File = "measures.json";

    /// <summary>Proxy score of the challenger less the champion's.</summary>
    [JsonIgnore]
    public double ProxyGain => ChallengerFigures.Proxy - ChampionFigures.Proxy;

    /// <summary>Language-model loss of the challenger by the reference policy's, less 1: 0.02 is 2 % worse. Null where the reference's is 0.</summary>
    [JsonIgnore]
    public double? Forgetting => ReferenceLanguageLoss > 0 ? ChallengerFigures.LanguageLoss / ReferenceLanguageLoss - 1 : null;
}

/// <summary>What a language-model loss was measured on.</summary>
/// <param name="Texts">The texts; null: what the reference policy writes to the evaluation's prompts at temperature 1, prompts included.</param>
/// <param name="Sequences">How many.</param>
/// <param name="Tokens">Tokens that are predicted.</param>
public sealed record LanguageText(ArtifactRef? Texts, int Sequences, int Tokens);
