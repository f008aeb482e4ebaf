using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;

namespace Rlhf.Reports.Rounds;

/// <summary>Everything that a round's report shows. What is null or empty has its reason in <see cref="Missing"/>, by the name of the part.</summary>
public sealed record RoundMaterial(string Campaign, RoundReport Report)
{
    public GateCriteria? Criteria { get; init; }

    public ChallengerMeasures? Measures { get; init; }

    public IReadOnlyList<TokenSample> Samples { get; init; } = [];

    public OveroptimizationReport? Overoptimization { get; init; }

    /// <summary>The metrics of the challenger's training, in the order of updates.</summary>
    public IReadOnlyList<Curve> Training { get; init; } = [];

    /// <summary>Held-out pairs with the reward model's margins.</summary>
    public IReadOnlyList<ScoredPair> Pairs { get; init; } = [];

    public PreferenceReport? Preferences { get; init; }

    public SelectionReport? Selection { get; init; }

    /// <summary>The prompts in the plane, as the selection drew them.</summary>
    public string? ClusterPlot { get; init; }

    /// <summary>The numbers behind it; null in comparisons that an earlier version of the product chose.</summary>
    public string? ClusterNumbers { get; init; }

    public IReadOnlyList<EvidenceItem> Evidence { get; init; } = [];

    public required RoundLineage Lineage { get; init; }

    /// <summary>What was sampled, judged and paid for.</summary>
    public RoundCost Cost { get; init; } = new([], [], [], []);

    public IReadOnlyDictionary<string, string> Missing { get; init; } = new Dictionary<string, string>();

    /// <summary>Such as <c> (simulated)</c>: behind every figure of the gate's judgements.</summary>
    public string GateMark => JudgedBy.Mark(Report.Decision.Verdict.Simulated, Report.Decision.Verdict.JudgeShare);

    /// <summary>The same of the judgements that the reward model learned from and is measured by.</summary>
    public string RewardMark => JudgedBy.Mark(Report.RewardModel.Simulated, Report.RewardModel.JudgeShare);

    public bool IsSimulated => Report.Decision.Verdict.Simulated || Report.RewardModel.Simulated || Report.Gold is not null;
}

/// <summary>A metric over the updates of a training: each update once.</summary>
public sealed record Curve(string Metric, IReadOnlyList<(int Update, double Value)> Points);

/// <summary>What a round used, as its artifacts say it.</summary>
/// <param name="Missing">Artifacts that are not in the store, and not in the sums.</param>
public sealed record RoundCost(
    IReadOnlyList<SampledTokens> Sampled, IReadOnlyList<CollectedJudgements> Judged, IReadOnlyList<JudgeReport> Judges, IReadOnlyList<string> Missing);

/// <summary>How long the steps of a round took, and what the process had at most: that is of a run and not of an artifact.</summary>
/// <param name="Seconds">Of the attempt that committed.</param>
/// <param name="PeakMemoryBytes">Resident memory of the process.</param>
public sealed record StepTime(string Step, string Artifact, double Seconds, long PeakMemoryBytes, DateTimeOffset FinishedAt)
{
    /// <summary>Of all steps of a round.</summary>
    public static IReadOnlyList<StepTime> Of(RoundLineage lineage) => [.. lineage.Steps.Select(s => new StepTime(
        s.Record.Step, s.To[0].Short, s.Record.Seconds, s.Record.PeakMemoryBytes, s.Record.FinishedAt))];
}

/// <summary>Completions that a step sampled, and their tokens.</summary>
public sealed record SampledTokens(string Step, string Artifact, int Completions, long Tokens);

/// <summary>Judgements that a step collected, by who gave them; seconds are those that labelers took, null where nobody said.</summary>
public sealed record CollectedJudgements(string Artifact, int People, int Judges, int Simulated, double? Seconds);
