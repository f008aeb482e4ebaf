namespace Rlhf.Learning.Sampling;

/// <summary>One completion to sample.</summary>
/// <param name="Prompt">Token ids of the prompt, its beginning of sequence included; at least one.</param>
/// <param name="PromptId">Hash that stands for the prompt in the random numbers.</param>
/// <param name="SampleIndex">Which of the prompt's samples this is, from 0.</param>
public sealed record SampleRequest(int[] Prompt, ulong PromptId, int SampleIndex = 0);
