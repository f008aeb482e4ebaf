using System.Text.Json.Serialization;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Judging;

/// <summary>What a judge said with the sides in one order; <c>judgements</c> artifact, file <c>verdicts.jsonl</c>.</summary>
/// <param name="ShownFirst">The side that stood first.</param>
/// <param name="Side">The better side.</param>
/// <param name="Strength">0 for a tie, 1 slightly, 2 clearly, 3 much better.</param>
/// <param name="Probability">That side A is the better one, a tie being half, by the log-probabilities of the judge's tokens; null where they are not known.</param>
public sealed record OrderVerdict(Side ShownFirst, Side Side, int Strength, double? Probability)
{
    /// <summary>What the judge wrote before it decided; null for one that writes nothing.</summary>
    public string? Critique { get; init; }

    /// <summary>Tokens that were read and written, both tries together where it had to be asked twice; null where the endpoint does not say.</summary>
    public long? InputTokens { get; init; }

    /// <inheritdoc cref="InputTokens"/>
    public long? OutputTokens { get; init; }

    /// <summary>True where a first answer could not be used.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Repaired { get; init; }
}

/// <summary>Both orders of one comparison by one principle.</summary>
public sealed record JudgedVerdicts(string ComparisonId, string Labeler, string? Principle, IReadOnlyList<OrderVerdict> Orders)
{
    /// <summary>True where the orders do not say the same of A, B and tie.</summary>
    [JsonIgnore]
    public bool Disagree => Orders.DistinctBy(o => o.Side).Skip(1).Any();

    /// <summary>
    /// One judgement: what the orders agree on, with the weaker strength, or a tie. Its probability is the mean of the orders', null where one has none.
    /// </summary>
    public Judgement ToJudgement(string? guidelines, bool simulated) =>
        new(ComparisonId, Labeler, Disagree ? Side.Tie : Orders[0].Side, Disagree ? 0 : Orders.Min(o => o.Strength), Seconds: null, simulated)
        {
            Kind = LabelerKind.Judge,
            Guidelines = guidelines,
            Probability = Orders.All(o => o.Probability is not null) ? Orders.Average(o => o.Probability!.Value) : null,
        };
}
