using Rlhf.Learning.Chat;
using Rlhf.Learning.Sampling;
using Rlhf.Steps.Data;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>A policy's completions as a server of reward models is asked about them.</summary>
/// <param name="policy">How the policy writes.</param>
/// <param name="endId">What ends a text; behind a completion that was cut it is added.</param>
/// <param name="prompts">The turns of every prompt, by the id that its completions carry.</param>
/// <param name="asTokens">True where the reward model reads the policy's own tokens; otherwise the way leads through text.</param>
sealed class PolicyTexts(ChatFormat policy, int endId, IReadOnlyDictionary<ulong, IReadOnlyList<ChatTurn>> prompts, bool asTokens)
{
    public TextToScore Of(SampledCompletion completion) => asTokens
        ? new TextToScore.Tokens(completion.Finished ? completion.Sequence : [.. completion.Sequence, endId], completion.PromptLength)
        : new TextToScore.Answered(
            [.. prompts[completion.PromptId].Select(t => new Turn(t.Role, t.Text))],
            policy.Completion(completion.Sequence, completion.PromptLength, completion.Finished));
}
