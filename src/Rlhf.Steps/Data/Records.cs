using System.Text.Json.Serialization;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Data;

/// <summary>One turn of a prompt: <c>user</c>, <c>assistant</c> or <c>system</c>, and its text.</summary>
public sealed record Turn(string Role, string Text)
{
    public static IReadOnlyList<Turn> User(string text) => [new("user", text)];
}

/// <summary>A prompt of a prompt set: id is the first 16 hexadecimal digits of the hash of its normalized turns; source says where it came from.</summary>
public sealed record Prompt(string Id, IReadOnlyList<Turn> Turns, bool HeldOut, string Source);

/// <summary>
/// A sampled text. <paramref name="Source"/> is the policy that wrote it; <paramref name="Finished"/> is false where the length limit cut it.
/// <paramref name="Tokens"/> counts its tokens, end of sequence included.
/// </summary>
public sealed record Completion(string PromptId, int Sample, string Text, bool Finished, int Tokens, ArtifactRef Source)
{
    /// <summary>What a file from elsewhere calls who wrote it; null for a policy's own.</summary>
    public string? SourceName { get; init; }

    /// <summary>How it came about: <c>sft</c>, <c>early</c>, <c>bestOf</c>, <c>random</c> or <c>adversarial</c>; null where the policy simply wrote it.</summary>
    public string? Origin { get; init; }

    /// <summary>Mean log-probability of its tokens, in nats; null where it was not asked for.</summary>
    public double? MeanLogprob { get; init; }

    /// <summary>Who wrote it and how, for figures by source.</summary>
    [JsonIgnore]
    public string Writer => SourceName ?? (Origin is null ? Source.Short : $"{Source.Short} ({Origin})");
}

/// <summary>A question to a labeler with its provenance, which the labeler never sees. Purpose: training, heldOut or evaluation.</summary>
public sealed record Comparison(
    string Id, string PromptId, IReadOnlyList<Turn> Prompt, Completion A, Completion B, string Axis, string Purpose)
{
    /// <summary>Group of its prompt, from 0; null where prompts were not grouped.</summary>
    public int? Cluster { get; init; }

    /// <summary>Why it was chosen, such as <c>uniform</c> or <c>disagreement</c>; null where nothing was chosen.</summary>
    public string? Strategy { get; init; }
}

/// <summary>The better side, or neither.</summary>
public enum Side { A, B, Tie }

/// <summary>
/// One labeler's answer. Strength: 0 for a tie, 1 slightly, 2 better, 3 much better. Seconds is the time the labeler took; null where it is not known.
/// </summary>
public sealed record Judgement(string ComparisonId, string Labeler, Side Side, int Strength, double? Seconds, bool Simulated)
{
    /// <summary>Null where it is not known.</summary>
    public LabelerKind? Kind { get; init; }

    /// <summary>True for a tie between two completions neither of which is any good.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool BothBad { get; init; }

    /// <summary>True where somebody who saw the other judgements decided between them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Adjudicated { get; init; }

    /// <summary>The side that the labeler saw first, left or above; null where it is not known.</summary>
    public Side? ShownFirst { get; init; }

    /// <summary>Version of the guidelines that the labeler had, or name and version of the judge's constitution; null where it is not known.</summary>
    public string? Guidelines { get; init; }

    /// <summary>That side A is the better one, a tie being half, for a labeler that knows chances; null for others.</summary>
    public double? Probability { get; init; }

    /// <summary>What the labeler says of side A alone; null where that was not asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Safety? SafeA { get; init; }

    /// <summary>The same of side B.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Safety? SafeB { get; init; }

    /// <summary>Those of a comparison's judgements that count: what an adjudicator decided, or all where nobody did.</summary>
    public static IReadOnlyList<Judgement> Deciding(IReadOnlyList<Judgement> judgements) =>
        judgements.Any(j => j.Adjudicated) ? [.. judgements.Where(j => j.Adjudicated)] : judgements;

    /// <summary>How much better it finds a side: 3 much, 2, 1 slightly, 0 for a tie, and below 0 where it finds the other better.</summary>
    public int StrengthOf(Side side) => Side == Side.Tie ? 0 : (Side == side ? 1 : -1) * Math.Max(Strength, 1);

    /// <summary>The same answer to the comparison with its sides exchanged.</summary>
    public Judgement Swapped() =>
        this with { Side = Exchanged(Side), ShownFirst = ShownFirst is { } shown ? Exchanged(shown) : null, Probability = 1 - Probability, SafeA = SafeB, SafeB = SafeA };

    static Side Exchanged(Side side) => side switch { Side.A => Side.B, Side.B => Side.A, _ => side };

    /// <summary>What a labeler chose of a comparison whose sides are the choice's.</summary>
    public static Judgement Of(string comparisonId, string labeler, LabelerKind kind, Choice choice, double? seconds) =>
        new(comparisonId, labeler, choice.Side(), choice.Strength(), seconds, Simulated: kind == LabelerKind.Simulated) { Kind = kind, BothBad = choice == Choice.BothBad };
}

/// <summary>A comparison with what was said of it; <c>preferences</c> artifact, file <c>judged.jsonl</c>.</summary>
public sealed record JudgedComparison(Comparison Comparison, IReadOnlyList<Judgement> Judgements)
{
    /// <summary>Round in which it was last judged; null where that is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Round { get; init; }
}

/// <summary>
/// A comparison with fewer judgements than were asked for; <c>judgements</c> artifact, file <c>missing.jsonl</c>, which is there only where some are missing.
/// </summary>
public sealed record MissingJudgements(string ComparisonId, int Asked, int Given);

/// <summary>A comparison that makes no pair, and why; <c>preferences</c> artifact, file <c>unjudged.jsonl</c>, which is there only where there are some.</summary>
public sealed record UnjudgedComparison(string ComparisonId, string Reason);

/// <summary>A judgement that is not used, and why; <c>preferences</c> artifact, file <c>excluded.jsonl</c>.</summary>
public sealed record ExcludedJudgement(string ComparisonId, string Labeler, string Reason);

/// <summary>
/// What training sees. Probability is that of the chosen side: the share of judgements (ties a half), or what a model of the labelers' abilities says; 0.5
/// (a tie, where the sides' order says nothing) to 1; margin is the mean signed strength over 3, 0 to 1; agreement is the share of judgements equal to the most frequent; the sources
/// are the policies that wrote the sides.
/// </summary>
public sealed record PreferencePair(
    string ComparisonId, string PromptId, IReadOnlyList<Turn> Prompt, string Chosen, string Rejected,
    double Margin, double Probability, double Agreement, bool HeldOut)
{
    /// <summary>What the pair counts beside others, at least 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Who wrote the chosen side; empty where it is not known.</summary>
    public string ChosenSource { get; init; } = "";

    /// <summary>Who wrote the rejected side; empty where it is not known.</summary>
    public string RejectedSource { get; init; } = "";

    /// <summary>True where neither side has the majority.</summary>
    [JsonIgnore]
    public bool IsTie => Probability <= 0.5;
}
