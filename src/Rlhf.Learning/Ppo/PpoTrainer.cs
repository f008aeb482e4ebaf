using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>A prompt as tokens (with beginning of sequence) and the number that keys its randomness.</summary>
public sealed record PolicyPrompt(int[] Tokens, ulong Id);

/// <summary>
/// Proximal policy optimization of a language model against a reward model with a per-token KL penalty to a frozen reference (Ziegler et al.
/// 2019; Ouyang et al. 2022). Left out for now: adaptive KL coefficient, reward whitening, pretraining mix.
/// The value head sits on the policy's own decoder.
/// </summary>
public sealed class PpoTrainer(
    LlamaModel policy, ScalarHead value, LlamaModel reference, IScorer scorer, ITokenizer tokenizer, IReadOnlyList<PolicyPrompt> prompts, PpoHParams hparams) : ITrainer
{
    readonly AdamW _optimizer = new([policy.Parameters, value.Parameters], weightDecay: 0);
    readonly Shuffle _prompts = new(prompts.Count, hparams.Seed);
    readonly int _pad = tokenizer.PadId;
    // One position is left for the end of sequence that the reward model reads behind a completion that was cut.
    readonly int _length = Math.Min(policy.Config.MaxPositionEmbeddings - 1, prompts.Max(p => p.Tokens.Length) + hparams.MaxNewTokens);

    public int Updates => hparams.Updates;

    public int Completed { get; private set; }

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var samples = Sample(cancellationToken);                                                         // 1. sample completions
        var rollout = Evaluate(samples, cancellationToken);                                              // 2. logprobs, values, scores
        var kl = KlPenalty.Estimate(rollout.Logprobs, rollout.ReferenceLogprobs, hparams.KlEstimator);
        var rewards = KlPenalty.Rewards(kl, rollout.PenalizedScores, rollout.Batch.Lengths, hparams.KlCoefficient);  // 3. rewards
        var (advantages, returns) = Advantages.Compute(rewards, rollout.Values, rollout.Batch.Mask, hparams.Gamma, hparams.Lambda);
        var whitened = Advantages.Whiten(advantages, rollout.Batch.Mask);                                // 4. advantages
        var statistics = new PpoStatistics();
        for (var epoch = 0; epoch < hparams.Epochs; epoch++)                                             // 5. epochs of minibatches
        {
            var order = new Shuffle(hparams.RolloutSize, hparams.Seed ^ ((long)(Completed + 1) << 20));
            for (var first = 0; first < hparams.RolloutSize; first += hparams.MinibatchSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var rows = Enumerable.Range(first, hparams.MinibatchSize).Select(i => order[(long)epoch * hparams.RolloutSize + i]).ToArray();
                Train(samples, rollout, whitened, returns, rows, statistics);
            }
        }
        Completed++;
        return statistics.Summarize(rollout, rewards, returns, hparams);                                 // 6. statistics
    }

    List<SampledCompletion> Sample(CancellationToken cancellationToken)
    {
        var first = (long)Completed * hparams.RolloutSize;
        var requests = Enumerable.Range(0, hparams.RolloutSize)
            .Select(i => prompts[_prompts[first + i]])
            .Select((prompt, i) => new SampleRequest(prompt.Tokens, prompt.Id, SampleIndex: Completed * hparams.RolloutSize + i)).ToList();
        var sampling = new SamplingHParams { Temperature = hparams.Temperature, MaxNewTokens = hparams.MaxNewTokens };
        using var step = new LlamaStep(policy, hparams.Slots, _length);
        return [.. new Sampler(step, sampling, (ulong)hparams.Seed, tokenizer.EosId).Run(requests, null, cancellationToken)];
    }

    Rollout Evaluate(List<SampledCompletion> samples, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var batch = Batch(samples);
        var hidden = PolicyWithValue.Hidden(policy, batch);
        var (logprobs, entropy) = PolicyWithValue.Logprobs(policy, hidden, batch, hparams.Temperature);
        var (referenceLogprobs, _) = PolicyWithValue.Logprobs(reference, PolicyWithValue.Hidden(reference, batch), batch, hparams.Temperature);
        var values = value.Forward(hidden);
        var scores = scorer.Score(samples, hparams.MinibatchSize, cancellationToken);
        var finished = samples.Select(s => s.Finished).ToArray();
        var rollout = new Rollout(
            batch, logprobs, referenceLogprobs, values, entropy, scores, finished,
            tensor(scores.Select((s, i) => finished[i] ? s : s - (float)hparams.MissingEosPenalty).ToArray(), device: logprobs.device));
        rollout.MoveToOuterScope(scope);
        return rollout;
    }

    void Train(List<SampledCompletion> samples, Rollout rollout, Tensor advantages, Tensor returns, int[] rows, PpoStatistics statistics)
    {
        using var scope = NewDisposeScope();
        var batch = Batch([.. rows.Select(r => samples[r])]);
        var index = tensor(rows.Select(r => (long)r).ToArray(), device: advantages.device);
        Tensor Rows(Tensor all) => all.index_select(0, index)[.., ..(int)batch.Mask.shape[1]];

        var warmup = Completed < hparams.ValueWarmupUpdates;
        Tensor hidden;
        using (warmup ? no_grad() : null) hidden = PolicyWithValue.Hidden(policy, batch);
        var (valueLoss, valueClipFraction) = PpoLoss.Value(value.Forward(hidden), Rows(rollout.Values), Rows(returns), batch.Mask, hparams.ValueClipRange);
        var loss = valueLoss * (warmup ? 1 : hparams.ValueCoefficient);
        if (!warmup)
        {
            var (logprobs, _) = PolicyWithValue.Logprobs(policy, hidden, batch, hparams.Temperature);
            var (policyLoss, clipFraction, approximateKl) = PpoLoss.Policy(logprobs, Rows(rollout.Logprobs), Rows(advantages), batch.Mask, hparams.ClipRange);
            loss = loss + policyLoss;
            statistics.AddPolicy(policyLoss, clipFraction, approximateKl);
        }
        statistics.AddValue(valueLoss, valueClipFraction);
        if (!float.IsFinite(loss.ToSingle()))
            throw new InvalidDataException($"The PPO loss is {loss.ToSingle()} at update {Completed + 1} (rows {string.Join(", ", rows.Take(8))}, …); expected a finite number.");
        loss.backward();
        statistics.GradientNorm(_optimizer.Step(LearningRates.Linear(hparams.LearningRate, Completed, hparams.Updates), hparams.MaxGradientNorm));
    }

    CompletionBatch Batch(IReadOnlyList<SampledCompletion> samples) =>
        new([.. samples.Select(s => s.Sequence)], [.. samples.Select(s => s.PromptLength)], _pad, policy.Device);

    public IReadOnlyDictionary<string, byte[]> Save() => TrainerState.Save(_optimizer, Completed);

    public void Restore(IReadOnlyDictionary<string, byte[]> files) => Completed = TrainerState.Restore(_optimizer, files);

    public void Dispose() => _optimizer.Dispose();
}
