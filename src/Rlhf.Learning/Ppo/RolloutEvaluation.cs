using Rlhf.Learning.Optimization;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Measures everything about sampled completions that training on them needs.</summary>
sealed class RolloutEvaluation(PpoModels models, PpoHParams hparams, RewardShaping shaping)
{
    /// <summary>Log-probabilities of policy and reference, values, entropy, scores; no gradient. A scorer that works elsewhere does so meanwhile.</summary>
    /// <param name="underWay">The scores of these samples.</param>
    /// <exception cref="NonFiniteException">A log-probability or a score is not finite.</exception>
    public Rollout Of(IReadOnlyList<SampledCompletion> samples, TrainingBatch source, IScoresUnderWay underWay, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var batch = CompletionBatch.Of(samples, models.PadId, models.Policy.Device);
        var width = (int)batch.Mask.shape[1];
        var (logprobs, reference, entropy, values) = Tensors(samples, batch, width);
        source.AllFinite("policy's log-probabilities", logprobs);
        source.AllFinite("reference policy's log-probabilities", reference);
        var scores = underWay.Finish(cancellationToken);
        if (Array.FindIndex(scores, s => !float.IsFinite(s)) is >= 0 and var bad) throw source.NotFinite($"score of completion {bad}", scores[bad]);
        var shaped = tensor(shaping.Shape(scores, samples), device: logprobs.device);
        var rollout = new Rollout(samples, source, batch, logprobs, reference, values, entropy, scores, shaped);
        rollout.MoveToOuterScope(scope);
        return rollout;
    }

    /// <summary>All at once, or in micro-batches where memory is short.</summary>
    (Tensor Logprobs, Tensor Reference, Tensor Entropy, Tensor? Values) Tensors(IReadOnlyList<SampledCompletion> samples, CompletionBatch batch, int width)
    {
        if (hparams.MicrobatchSize == 0) return Tensors(batch);
        var parts = samples.Chunk(hparams.MicrobatchSize).Select(chunk =>
        {
            using var scope = NewDisposeScope();
            var (logprobs, reference, entropy, values) = Tensors(CompletionBatch.Of(chunk, models.PadId, models.Policy.Device));
            Tensor Wide(Tensor part) => nn.functional.pad(part, [0, width - part.shape[1]]).MoveToOuterDisposeScope();
            return (Wide(logprobs), Wide(reference), Wide(entropy), values is null ? null : Wide(values));
        }).ToList();
        Tensor Joined(Func<(Tensor, Tensor, Tensor, Tensor?), Tensor> which) => cat([.. parts.Select(which)]);
        return (Joined(p => p.Item1), Joined(p => p.Item2), Joined(p => p.Item3), models.Value is null ? null : Joined(p => p.Item4!));
    }

    (Tensor Logprobs, Tensor Reference, Tensor Entropy, Tensor? Values) Tensors(CompletionBatch batch)
    {
        var hidden = PolicyWithValue.Hidden(models.Policy, batch);
        var (logprobs, entropy) = PolicyWithValue.Logprobs(models.Policy, hidden, batch, hparams.Temperature, withEntropy: true);
        var (reference, _) = PolicyWithValue.Logprobs(
            models.Reference, PolicyWithValue.Hidden(models.Reference, batch), batch, hparams.Temperature, withEntropy: false);
        return (logprobs, reference, entropy!, models.Value?.Forward(hidden));
    }
}
