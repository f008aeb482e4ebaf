using Rlhf.Learning.Rewards;

namespace Rlhf.Pipeline.Scoring;

/// <summary>One text of a request that waits to be computed.</summary>
sealed record ScoringJob(ScoredText Text, PendingScores Request, int Index, bool PerToken, bool Deterministic)
{
    public int Tokens => Text.Tokens.Length;

    /// <summary>When it began to wait, as a timestamp.</summary>
    public long Since { get; init; }
}
