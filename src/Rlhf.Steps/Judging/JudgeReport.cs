using System.Text;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Judging;

/// <summary>
/// How an AI judge came to its judgements and what they took; <c>judgements</c> artifact, file <c>judge.json</c>, beside <c>verdicts.jsonl</c> and the
/// constitution (<c>constitution.md</c>). What is not known or not asked for is null.
/// </summary>
/// <param name="Model">The model's name, or the artifact.</param>
public sealed record JudgeReport(string Model)
{
    /// <summary>What the endpoint calls the models that answered.</summary>
    public IReadOnlyList<string>? AnsweredAs { get; init; }

    /// <summary>Name and version.</summary>
    public string? Constitution { get; init; }

    public double? Temperature { get; init; }

    /// <summary>The seed that the endpoint was given.</summary>
    public long? Seed { get; init; }

    /// <summary>Most tokens of an answer.</summary>
    public int? AnswerTokens { get; init; }

    /// <summary>Differences that are a tie, in log-odds.</summary>
    public double? TieWidth { get; init; }

    /// <summary>True where the judge itself was made from what simulated labelers said.</summary>
    public bool Simulated { get; init; }

    public required int Judgements { get; init; }

    /// <summary>Judgements whose two orders did not say the same, each of them a tie.</summary>
    public required int Disagreements { get; init; }

    /// <summary>Judgements with a probability.</summary>
    public required int WithProbability { get; init; }

    /// <summary>Of the single orders: those that prefer the side that stood first, the one that stood second, and neither.</summary>
    public required int PreferredFirst { get; init; }

    /// <inheritdoc cref="PreferredFirst"/>
    public required int PreferredSecond { get; init; }

    /// <inheritdoc cref="PreferredFirst"/>
    public required int PreferredNeither { get; init; }

    /// <summary>Tokens that the answers took, when they were first given; those of which the endpoint does not say are left out.</summary>
    public long? InputTokens { get; init; }

    /// <inheritdoc cref="InputTokens"/>
    public long? OutputTokens { get; init; }

    /// <summary>Answers of which the endpoint does not say what they took.</summary>
    public int? Unmetered { get; init; }

    /// <summary>What the tokens cost by <see cref="Prices"/>.</summary>
    public decimal? Cost { get; init; }

    /// <summary>Of a million tokens read and written, as they were set.</summary>
    public string? Prices { get; init; }

    /// <summary>The counts that follow from the verdicts, for one that gives no more than these.</summary>
    public static JudgeReport Of(string model, IReadOnlyList<JudgedVerdicts> verdicts)
    {
        var orders = verdicts.SelectMany(v => v.Orders).ToList();
        var (first, ties) = (orders.Count(o => o.Side == o.ShownFirst), orders.Count(o => o.Side == Data.Side.Tie));
        return new(model)
        {
            Judgements = verdicts.Count,
            Disagreements = verdicts.Count(v => v.Disagree),
            WithProbability = verdicts.Count(v => v.Orders.All(o => o.Probability is not null)),
            PreferredFirst = first,
            PreferredSecond = orders.Count - first - ties,
            PreferredNeither = ties,
        };
    }

    /// <summary>The files that stand beside the judgements.</summary>
    public IReadOnlyDictionary<string, byte[]> ToFiles(IReadOnlyList<JudgedVerdicts> verdicts, Constitution? constitution)
    {
        var files = new Dictionary<string, byte[]> { ["judge.json"] = CanonicalJson.Serialize(this), ["verdicts.jsonl"] = JsonLines.Serialize(verdicts) };
        if (constitution is not null) files["constitution.md"] = Encoding.UTF8.GetBytes(constitution.Content);
        return files;
    }
}
