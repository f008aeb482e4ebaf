using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Scoring;

/// <summary>What one reward model is asked.</summary>
/// <param name="Model">Its artifact, or a name under which it is served; empty where only one is served.</param>
/// <param name="Texts">At least one.</param>
public sealed record ScoringRequest(string Model, IReadOnlyList<TextToScore> Texts)
{
    /// <summary>Whether the scores of every token of a completion are asked for, too.</summary>
    public bool PerToken { get; init; }

    /// <summary>Every text is computed in a pass of a fixed shape, so that its score has the same bits whatever is computed beside it.</summary>
    public bool Deterministic { get; init; }

    /// <summary>How long the asker waits, above 0; work is not begun after it. Null: as long as the server's own limit.</summary>
    public TimeSpan? Within { get; init; }
}

/// <summary>What a reward model says of one text; every number is finite.</summary>
/// <param name="Score">Of an ensemble the members' mean.</param>
/// <param name="Members">The score of each member, one where it is no ensemble.</param>
/// <param name="Tokens">Tokens that were read, prompt and completion.</param>
/// <param name="CompletionTokens">Those of the completion, the end of sequence included.</param>
/// <param name="Truncated">True where the text was longer than the model's context, and its beginning was left out.</param>
public sealed record TextScore(float Score, IReadOnlyList<float> Members, int Tokens, int CompletionTokens, bool Truncated)
{
    /// <summary>
    /// Where asked for: the head's output at each token of the completion under the same normalization, with the tokens so far as the length; the last is the score.
    /// Of an ensemble the members' mean.
    /// </summary>
    public IReadOnlyList<float>? TokenScores { get; init; }
}

/// <summary>An answer: which model it came from, and a score for each text in the order of asking.</summary>
public sealed record RewardScores(ArtifactRef Model, IReadOnlyList<TextScore> Scores);
