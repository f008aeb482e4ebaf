using Rlhf.Learning.Evaluation;

namespace Rlhf.Pipeline.Labeling;

/// <summary>
/// What judgements are worth. Shares are 0 to 1. What could not be computed is null, and the reasons, by the figure's name, say why.
/// </summary>
/// <param name="File">The file's name.</param>
/// <param name="Judgements">Judgements of the file, each once.</param>
/// <param name="Repeated">Lines left out since an earlier one is the same in every field.</param>
/// <param name="SelfRepeated">Judgements of a labeler who had judged the item by the axis before: they tell of self-consistency alone.</param>
/// <param name="Simulated">True where any of the labelers is simulated; then every figure here is.</param>
/// <param name="Rules">How what is flagged was found.</param>
/// <param name="Axes">One for each axis; axes are never mixed.</param>
public sealed record JudgementReport(
    string File, int Judgements, int Repeated, int SelfRepeated, bool Simulated, IReadOnlyDictionary<string, string> Rules, IReadOnlyList<AxisReport> Axes);

/// <summary>Agreement, consensus and labelers of one axis.</summary>
/// <param name="Axis">What was judged by.</param>
/// <param name="Choices">How often each choice was made, second answers included.</param>
/// <param name="Agreement">Over everything.</param>
/// <param name="Clusters">By the prompts' cluster, where it is known.</param>
/// <param name="Guidelines">By version of the guidelines, where it is known: only judgements under the same version are compared.</param>
/// <param name="Labelers">By name.</param>
/// <param name="Consensus">By item, in the file's order.</param>
public sealed record AxisReport(
    string Axis, IReadOnlyDictionary<string, int> Choices, AgreementReport Agreement, IReadOnlyList<GroupReport> Clusters, IReadOnlyList<GroupReport> Guidelines,
    IReadOnlyList<LabelerReport> Labelers, IReadOnlyList<ItemConsensus> Consensus)
{
    /// <summary>What labelers say of each side alone; null where nobody said anything.</summary>
    public SafetyReport? Safety { get; init; }

    /// <summary>People, judges and simulated labelers side by side.</summary>
    public required IReadOnlyList<KindReport> Kinds { get; init; }

    /// <summary>AI judges against people.</summary>
    public required JudgesReport Judges { get; init; }

    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();
}

/// <summary>What the judgements of all labelers of a kind prefer besides the better side; second answers included, each judgement counted as a case of its own.</summary>
public sealed record KindReport
{
    /// <summary><c>person</c>, <c>judge</c> or <c>simulated</c>.</summary>
    public required string Kind { get; init; }

    public required int Labelers { get; init; }

    public required int Judgements { get; init; }

    public required int Items { get; init; }

    /// <inheritdoc cref="LabelerReport.PositionPreference"/>
    public Proportion? PositionPreference { get; init; }

    /// <inheritdoc cref="LabelerReport.LengthPreference"/>
    public Proportion? LengthPreference { get; init; }

    /// <inheritdoc cref="LabelerReport.SelfPreference"/>
    public Proportion? SelfPreference { get; init; }

    public required IReadOnlyDictionary<string, string> Reasons { get; init; }
}

/// <summary>How far AI judges say what people say of the same items, and, beside it, how far people do among themselves.</summary>
/// <param name="Judges">By model, the principles of one together.</param>
/// <param name="People">Agreement of people alone, on all items.</param>
public sealed record JudgesReport(IReadOnlyList<JudgeAgreement> Judges, AgreementReport People)
{
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// A judge's majority (of the principles it was asked by) against people's on the items that both judged, by first answers, as first side, tie or second.
/// </summary>
public sealed record JudgeAgreement
{
    /// <summary>The judge's model, or the labeler's name where that is no judge's.</summary>
    public required string Judge { get; init; }

    /// <summary>Items that both judged and on which each of the two has a majority.</summary>
    public required int Items { get; init; }

    /// <summary>Items that both judged and on which one of them has none; they are left out.</summary>
    public required int WithoutMajority { get; init; }

    /// <summary>Items on which they say the same of the three.</summary>
    public Proportion? Agreement { get; init; }

    /// <summary>Items on which they prefer different sides.</summary>
    public int Opposite { get; init; }

    public double? CohenKappa { get; init; }

    /// <summary>95 % interval of kappa, by Cohen's standard error.</summary>
    public double? KappaLower { get; init; }

    /// <inheritdoc cref="KappaLower"/>
    public double? KappaUpper { get; init; }

    public required IReadOnlyDictionary<string, string> Reasons { get; init; }
}

/// <summary>Agreement of the judgements that have something in common.</summary>
public sealed record GroupReport(string Name, AgreementReport Agreement);

/// <summary>
/// How far labelers say the same, each by the first answer to an item: first side, tie or second side, the sides in one order for each item, by the names of
/// who wrote them where these are known.
/// </summary>
public sealed record AgreementReport
{
    public required int Items { get; init; }

    public required int Judgements { get; init; }

    public required int Labelers { get; init; }

    /// <summary>Items that at least two labelers judged.</summary>
    public required int ItemsJudgedTwice { get; init; }

    /// <summary>Pairs of labelers over all items.</summary>
    public required int Pairs { get; init; }

    /// <summary>Share of items judged twice on which the first two labelers say the same of the three.</summary>
    public double? Agreement { get; init; }

    /// <summary>Share of them on which one labeler prefers the one side and the other the other.</summary>
    public double? Opposite { get; init; }

    /// <summary>Of the same first two labelers.</summary>
    public double? CohenKappa { get; init; }

    /// <summary>Share of all pairs of labelers of an item who say the same.</summary>
    public double? PairwiseAgreement { get; init; }

    /// <summary>True where more than 30 % of all pairs of labelers disagree.</summary>
    public bool? Alarm { get; init; }

    public double? FleissKappa { get; init; }

    /// <summary>Of the three categories.</summary>
    public double? KrippendorffNominal { get; init; }

    /// <summary>Of the strength, from 3 (first side much better) to −3.</summary>
    public double? KrippendorffInterval { get; init; }

    public required IReadOnlyDictionary<string, string> Reasons { get; init; }
}

/// <summary>What is held for true of an item. Sides are those of its first line in the file: a, tie or b.</summary>
/// <param name="Item">The item.</param>
/// <param name="SourceA">Who wrote side a, where it is known.</param>
/// <param name="SourceB">Who wrote side b, where it is known.</param>
/// <param name="Judgements">How many labelers judged it.</param>
/// <param name="Majority">What most of them say; null where no category leads alone.</param>
/// <param name="MajorityShare">Share of the most frequent category.</param>
/// <param name="DawidSkene">What is most probable given the labelers' abilities; null where no item was judged twice.</param>
/// <param name="Probabilities">The probability of each category by the same model.</param>
public sealed record ItemConsensus(
    string Item, string? SourceA, string? SourceB, int Judgements, string? Majority, double MajorityShare, string? DawidSkene,
    IReadOnlyDictionary<string, double>? Probabilities)
{
    /// <summary>Why there is no majority; null where there is one.</summary>
    public string? Reason { get; init; }
}

/// <summary>A share of a number of cases with its 95 % interval (Wilson).</summary>
public sealed record Proportion(double Share, int Of, double Lower, double Upper)
{
    /// <summary>True where the interval leaves out one half.</summary>
    public bool ExcludesHalf => Lower > 0.5 || Upper < 0.5;

    internal static Proportion? Of95(int hits, int of)
    {
        if (of == 0) return null;
        var interval = WilsonInterval.Of(hits, of, 0.95);
        return new((double)hits / of, of, interval.Lower, interval.Upper);
    }
}

/// <summary>One labeler's judgements by one axis.</summary>
public sealed record LabelerReport
{
    public required string Labeler { get; init; }

    /// <summary><c>person</c>, <c>judge</c> or <c>simulated</c>.</summary>
    public required string Kind { get; init; }

    public required int Judgements { get; init; }

    public required int Items { get; init; }

    /// <summary>Those of them that others judged, too.</summary>
    public required int SharedItems { get; init; }

    /// <summary>The chance of saying what is true, as Dawid and Skene's model estimates it.</summary>
    public double? Ability { get; init; }

    /// <summary>Items on which the labeler says what most of the others do; those on which the others have no majority are left out.</summary>
    public Proportion? ConsensusAgreement { get; init; }

    /// <summary>First answers to items whose answer is known that say the same of the three.</summary>
    public Proportion? GoldAccuracy { get; init; }

    /// <summary>Second answers that say the same of the three as the first one did.</summary>
    public Proportion? SelfConsistency { get; init; }

    /// <summary>Decisive answers for the side that was shown first; a labeler without preference has one half.</summary>
    public Proportion? PositionPreference { get; init; }

    /// <summary>Decisive answers for the longer text, in characters; texts of one length are left out.</summary>
    public Proportion? LengthPreference { get; init; }

    /// <summary>Decisive answers for the side that the labeler's own model wrote, of those where it wrote one side.</summary>
    public Proportion? SelfPreference { get; init; }

    public double? MedianSeconds { get; init; }

    /// <summary>Median of the other labelers' judgements.</summary>
    public double? PeersMedianSeconds { get; init; }

    /// <summary>True where the labeler is far quicker than the peers, by the rule that the report names.</summary>
    public bool? SpeedOutlier { get; init; }

    public required IReadOnlyDictionary<string, string> Reasons { get; init; }
}
