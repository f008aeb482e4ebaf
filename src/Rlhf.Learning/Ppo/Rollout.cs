using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>One batch of completions and everything measured on them before training: tensors [batch, completion], scores [batch].</summary>
sealed record Rollout(
    CompletionBatch Batch, Tensor Logprobs, Tensor ReferenceLogprobs, Tensor Values, Tensor Entropy, float[] Scores, bool[] Finished,
    Tensor PenalizedScores)
{
    public void MoveToOuterScope(DisposeScope scope) =>
        scope.MoveToOuter(
            Batch.Tokens.Tokens, Batch.Tokens.Lengths, Batch.Lengths, Batch.Mask, Batch.Targets,
            Logprobs, ReferenceLogprobs, Values, Entropy, PenalizedScores);
}
