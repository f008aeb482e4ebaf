namespace Rlhf.Learning.Sampling;

/// <summary>A sampled completion with its prompt.</summary>
/// <param name="Sequence">Token ids of prompt and completion, the end of sequence included where it was drawn.</param>
/// <param name="PromptLength">How many of them are the prompt's.</param>
/// <param name="Finished">True where the end of sequence was drawn, false where the completion was cut at its longest or at the context's
/// end.</param>
/// <param name="Logprobs">The model's log-probability of each completion token at temperature 1 and without top-k or top-p, where it was
/// asked for.</param>
public sealed record SampledCompletion(int[] Sequence, int PromptLength, bool Finished, float[]? Logprobs)
{
    /// <summary>The request's prompt.</summary>
    public ulong PromptId { get; init; }

    /// <summary>Token ids of the completion alone.</summary>
    public int[] Completion => Sequence[PromptLength..];
}
