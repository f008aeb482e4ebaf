using Rlhf.Steps.Data;

namespace Rlhf.Steps.Scoring;

/// <summary>A completion in its context, as a reward model is asked about it.</summary>
public abstract record TextToScore
{
    TextToScore()
    {
    }

    /// <summary>A prompt's turns and the completion as text: the reward model's own template and tokenizer write the tokens.</summary>
    public sealed record Answered(IReadOnlyList<Turn> Prompt, string Completion) : TextToScore;

    /// <summary>Token ids as the reward model reads them, what begins and what ends a text included; taken as they are.</summary>
    /// <param name="Ids">At least one more than the prompt's.</param>
    /// <param name="PromptLength">How many of them come before the completion.</param>
    public sealed record Tokens(int[] Ids, int PromptLength) : TextToScore;

    /// <summary>
    /// A whole text that a template has written already: special tokens that it spells are meant, what ends a text is added where it is missing.
    /// </summary>
    /// <param name="Text">Prompt and completion.</param>
    /// <param name="Prompt">What of it is the prompt; null where that is not known: then all of it counts as completion.</param>
    public sealed record Written(string Text, string? Prompt) : TextToScore;
}
