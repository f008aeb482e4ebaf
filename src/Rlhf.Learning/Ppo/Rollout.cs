using Rlhf.Learning.Optimization;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>
/// One batch of completions and everything measured on them before training: tensors [batch, completion], <c>Shaped</c> (scores after
/// <see cref="RewardShaping"/>) [batch]. Values are null where no value function is trained.
/// </summary>
sealed record Rollout(
    IReadOnlyList<SampledCompletion> Samples, TrainingBatch Source, CompletionBatch Batch, Tensor Logprobs, Tensor ReferenceLogprobs, Tensor? Values,
    Tensor Entropy, float[] Scores, Tensor Shaped)
{
    /// <summary>Mean over the completions of the sum of logprob − reference logprob, in nats.</summary>
    public double SequenceKl { get; } = Sum(Logprobs - ReferenceLogprobs, Batch.Mask) / Scores.Length;

    static double Sum(Tensor values, Tensor mask) => (values * mask).sum().Value();

    public void MoveToOuterScope(DisposeScope scope)
    {
        scope.MoveToOuter(
            Batch.Tokens.Tokens, Batch.Tokens.Lengths, Batch.Lengths, Batch.Mask, Batch.Targets, Logprobs, ReferenceLogprobs, Entropy, Shaped);
        if (Values is not null) scope.MoveToOuter(Values);
    }
}
