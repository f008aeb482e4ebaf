namespace Rlhf.Learning.Rewards;

/// <summary>A text as a reward model reads it: beginning of sequence, prompt, completion, end of sequence.</summary>
/// <param name="Tokens">All token ids.</param>
/// <param name="PromptLength">How many of them come before the completion.</param>
public sealed record ScoredText(int[] Tokens, int PromptLength)
{
    /// <summary>Tokens of the completion, the end of sequence included; at least 1.</summary>
    public int Length => Tokens.Length - PromptLength;

    /// <summary>True where the text was longer than the model's context, and its beginning was left out.</summary>
    public bool Truncated { get; init; }
}

/// <summary>What is known of two texts of a group, by their index in it.</summary>
/// <param name="Chosen">The better one.</param>
/// <param name="Rejected">The other one.</param>
/// <param name="Margin">Log-odds by which the better one must lead, at least 0.</param>
/// <param name="Probability">Share of judgements for the better one, 0.5 to 1.</param>
/// <param name="Weight">What the pair counts, at least 0.</param>
/// <param name="Id">Names the comparison in errors.</param>
public sealed record GroupPair(int Chosen, int Rejected, double Margin, double Probability, double Weight, string Id);

/// <summary>
/// Texts that are scored together and the pairs among them: two and one, or all judged completions of a prompt (Ouyang et al. 2022), where each
/// completion is read once however many pairs it is in, so that one epoch does not overfit to it.
/// </summary>
/// <param name="Hard">Labelers disagree: it comes in the last third of an epoch, twice.</param>
public sealed record PreferenceGroup(IReadOnlyList<ScoredText> Texts, IReadOnlyList<GroupPair> Pairs, bool Hard = false);
