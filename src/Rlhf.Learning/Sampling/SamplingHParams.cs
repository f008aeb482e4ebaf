namespace Rlhf.Learning.Sampling;

/// <summary>How tokens are drawn.</summary>
public sealed record SamplingHParams
{
    /// <summary>Divides the logits; 0 takes the most probable token. At least 0, default 1.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Draws from this many most probable tokens; 0, the default, means all.</summary>
    public int TopK { get; init; }

    /// <summary>Draws from the fewest most probable tokens that hold this probability together; in (0, 1], default 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Longest completion in tokens, at least 1, default 64.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>The end of sequence is not drawn before this many tokens; 0 to <see cref="MaxNewTokens"/>, default 0.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>
    /// Returns these hyperparameters, or throws <see cref="ArgumentException"/> with one sentence on the first value out of range.
    /// </summary>
    public SamplingHParams Validate()
    {
        Require(Temperature >= 0 && double.IsFinite(Temperature),
            $"temperature is {Temperature}, but a finite number of at least 0 was expected");
        Require(TopK >= 0, $"top-k is {TopK}, but 0 (all) or more was expected");
        Require(TopP is > 0 and <= 1, $"top-p is {TopP}, but a number above 0 and at most 1 was expected");
        Require(MaxNewTokens >= 1, $"max-new-tokens is {MaxNewTokens}, but at least 1 was expected");
        Require(MinNewTokens >= 0 && MinNewTokens <= MaxNewTokens,
            $"min-new-tokens is {MinNewTokens}, but 0 to max-new-tokens ({MaxNewTokens}) was expected");
        return this;
    }

    static void Require(bool holds, string sentence)
    {
        if (!holds)
            throw new ArgumentException($"The sampling is not possible: {sentence}.");
    }
}
