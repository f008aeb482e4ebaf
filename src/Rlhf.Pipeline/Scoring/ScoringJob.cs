using Rlhf.Learning.Rewards;

namespace Rlhf.Pipeline.Scoring;

/// <summary>Texts of a request that wait to be computed in one row of a pass: one, or several that begin alike.</summary>
/// <param name="Row">What is computed.</param>
/// <param name="Texts">The texts, in the order of the row's endings.</param>
/// <param name="Places">Of each in the request.</param>
sealed record ScoringJob(ScoringRow Row, IReadOnlyList<ScoredText> Texts, IReadOnlyList<int> Places, PendingScores Request, bool PerToken, bool Deterministic)
{
    public int Tokens => Row.Tokens;

    /// <summary>When it began to wait, as a timestamp.</summary>
    public long Since { get; init; }
}
