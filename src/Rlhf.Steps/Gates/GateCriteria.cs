using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Steps.Gates;

/// <summary>How the gate tests that the challenger is preferred.</summary>
public enum GateTest
{
    /// <summary>Bets on the mean of prompts; any number of judgements a prompt, ties a half.</summary>
    Betting,

    /// <summary>Wald's sequential probability ratio test of decisive judgements; one judgement a prompt only.</summary>
    Sprt,

    /// <summary>The beta-binomial e-value of decisive judgements; one judgement a prompt only.</summary>
    BetaBinomial,
}

/// <summary>The sequential test of a gate.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="TargetRate">The win rate that must be exceeded, 0 to 1 exclusive.</param>
/// <param name="ExpectedRate">The win rate that is worth a promotion: below it, shown with error <paramref name="Beta"/>, asking further is futile.</param>
/// <param name="Alpha">Chance at most to promote where the win rate is the target or less, whenever one looks.</param>
/// <param name="Beta">Chance at most to call it futile where the win rate is the expected one or more.</param>
/// <param name="Budget">Most decisive judgements; undecided then, the challenger is rejected.</param>
public sealed record TestCriterion(
    GateTest Kind = GateTest.Betting, double TargetRate = 0.5, double ExpectedRate = 0.6, double Alpha = 0.05, double Beta = 0.2, int Budget = 1000);

/// <summary>No kind of prompts may be worse than this.</summary>
/// <param name="LeastRate">Win rate, ties a half, that every cluster with enough prompts must have, 0 to 1.</param>
/// <param name="LeastPrompts">A cluster with fewer is not looked at.</param>
public sealed record ClusterCriterion(double LeastRate, int LeastPrompts = 20);

/// <summary>
/// What a challenger must show to be promoted: a file of <c>workflows/gates</c>; <c>criteria</c> artifact, file <c>criteria.json</c>. What is null or 0
/// is not asked for.
/// </summary>
/// <param name="Test">The sequential test.</param>
public sealed record GateCriteria(TestCriterion Test)
{
    public const string File = "criteria.json";

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>The axis whose judgements the test is about.</summary>
    public string Axis { get; init; } = JudgementLine.DefaultAxis;

    /// <summary>Who may have judged; a judgement of anybody else closes the gate.</summary>
    public IReadOnlyList<LabelerKind> JudgedBy { get; init; } = [LabelerKind.Person];

    /// <summary>True where an AI judge is enough without any person.</summary>
    public bool JudgeAlone { get; init; }

    public int LeastJudgements { get; init; }

    public int LeastPrompts { get; init; }

    public int LeastLabelers { get; init; }

    /// <summary>Share of the pairs of judgements of a comparison that say the same of a, tie and b, 0 to 1.</summary>
    public double? LeastAgreement { get; init; }

    public ClusterCriterion? Clusters { get; init; }

    /// <summary>Share of the challenger's completions called unsafe, less the champion's, −1 to 1.</summary>
    public double? MostMoreUnsafe { get; init; }

    /// <summary>Win rate were both sides of one length: the interval's lower bound must lie above this, 0 to 1.</summary>
    public double? LeastLengthControlledWinRate { get; init; }

    /// <summary>True where labelers must not prefer the side that is shown first, or second.</summary>
    public bool NoPositionBias { get; init; }

    /// <summary>KL of the challenger to the reference policy, in nats a sequence.</summary>
    public double? MostKl { get; init; }

    /// <summary>Accuracy of the reward model on held-out judgements, 0 to 1.</summary>
    public double? LeastRewardModelAccuracy { get; init; }

    /// <summary>Expected calibration error of the reward model, 0 to 1.</summary>
    public double? MostCalibrationError { get; init; }

    /// <summary>Mean length of the challenger's completions by the champion's, in characters.</summary>
    public double? MostLengthRatio { get; init; }

    /// <summary>Distinct pairs of words of the challenger by the champion's.</summary>
    public double? LeastDistinctRatio { get; init; }

    /// <summary>Share of refusals of the challenger, less the champion's, −1 to 1.</summary>
    public double? MostMoreRefusals { get; init; }

    /// <summary>Language-model loss of the challenger on held-out text by the reference policy's, less 1: 0.02 is 2 % worse.</summary>
    public double? MostForgetting { get; init; }

    /// <exception cref="InvalidDataException">The text is no criteria; the message names the file, the field, its value and what was expected.</exception>
    public static GateCriteria Parse(string name, ReadOnlySpan<byte> utf8)
    {
        var criteria = CanonicalJson.Deserialize<GateCriteria>(utf8, name);
        return criteria.Mistake() is { } mistake ? throw new InvalidDataException($"{name}: {mistake}") : criteria;
    }

    public byte[] ToBytes() => CanonicalJson.Serialize(this);

    string? Mistake()
    {
        if (Test is null) return "'test' is missing; expected an object, such as {\"targetRate\": 0.5}.";
        if (JudgedBy is not { Count: > 0 }) return "'judgedBy' names nobody; expected person, judge or simulated.";
        if (string.IsNullOrWhiteSpace(Axis)) return "'axis' is empty; expected an axis, such as preference.";
        if (JudgeAlone && !JudgedBy.Contains(LabelerKind.Judge)) return "'judgeAlone' is true and 'judgedBy' does not name judge; expected both or neither.";
        if (!(Test.TargetRate > 0 && Test.TargetRate < Test.ExpectedRate && Test.ExpectedRate < 1))
            return $"'test.targetRate' is {Test.TargetRate} and 'test.expectedRate' {Test.ExpectedRate}; expected 0 < targetRate < expectedRate < 1.";
        (string Name, double? Value, double Least, double Most)[] ranges =
        [
            ("test.alpha", Test.Alpha, 1e-6, 0.5), ("test.beta", Test.Beta, 1e-6, 0.9), ("test.budget", Test.Budget, 1, 10_000_000),
            ("leastJudgements", LeastJudgements, 0, 10_000_000), ("leastPrompts", LeastPrompts, 0, 10_000_000), ("leastLabelers", LeastLabelers, 0, 100_000),
            ("leastAgreement", LeastAgreement, 0, 1), ("clusters.leastRate", Clusters?.LeastRate, 0, 1), ("clusters.leastPrompts", Clusters?.LeastPrompts, 1, 1_000_000),
            ("mostMoreUnsafe", MostMoreUnsafe, -1, 1), ("leastLengthControlledWinRate", LeastLengthControlledWinRate, 0, 1), ("mostKl", MostKl, 0, 1e9),
            ("leastRewardModelAccuracy", LeastRewardModelAccuracy, 0, 1), ("mostCalibrationError", MostCalibrationError, 0, 1),
            ("mostLengthRatio", MostLengthRatio, 0, 1e6), ("leastDistinctRatio", LeastDistinctRatio, 0, 1e6), ("mostMoreRefusals", MostMoreRefusals, -1, 1),
            ("mostForgetting", MostForgetting, -1, 1e6),
        ];
        return ranges.FirstOrDefault(r => r.Value is { } v && !(v >= r.Least && v <= r.Most)) is { Name: not null } wrong
            ? $"'{wrong.Name}' is {wrong.Value}; expected {wrong.Least} to {wrong.Most}."
            : null;
    }
}

/// <summary>The gates that there are, by name: files of <c>workflows/gates</c>.</summary>
public interface IGateFiles
{
    /// <summary>The name of the port in a step's services.</summary>
    const string Service = "gates";

    /// <exception cref="ArgumentException">There is no such gate; the message lists those there are.</exception>
    /// <exception cref="InvalidDataException">The file is no criteria.</exception>
    GateCriteria Find(string name);

    /// <summary>The gate of an environment where none is named: <c>sandbox</c> there, <c>default</c> elsewhere.</summary>
    static string DefaultOf(string environment) => environment == Artifacts.Aliases.Sandbox ? "sandbox" : "default";
}
