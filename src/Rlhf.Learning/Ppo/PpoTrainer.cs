using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>A prompt as tokens (with beginning of sequence) and the number that keys its randomness.</summary>
public sealed record PolicyPrompt(int[] Tokens, ulong Id);

/// <summary>
/// What a PPO training works with; all stay the caller's. The value head sits on the policy's own decoder and is null exactly where the
/// advantages need none. The padding id is the policy's tokenizer's.
/// </summary>
public sealed record PpoModels(DecoderModel Policy, ScalarHead? Value, DecoderModel Reference, IScorer Scorer, int PadId);

/// <summary>
/// Proximal policy optimization of a language model against a scorer with a KL penalty to a frozen reference (Ziegler et al. 2019; Ouyang et al.
/// 2022). <paramref name="texts"/>, as tokens, are for PPO-ptx.
/// </summary>
public sealed class PpoTrainer(PpoModels models, IReadOnlyList<PolicyPrompt> prompts, PpoHParams hparams, IReadOnlyList<int[]>? texts = null) : ITrainer
{
    readonly MinibatchTrainer _minibatches = new(models, hparams, texts ?? []);
    readonly KlController _kl = new(hparams);
    readonly RewardShaping _shaping = new(hparams);
    readonly TroubleLog _troubles = new();
    readonly Shuffle _prompts = new(prompts.Count, hparams.Seed);
    // One position is left for the end of sequence that the reward model reads behind a completion that was cut.
    readonly int _length = Math.Min(models.Policy.Config.ContextLength - 1, prompts.Max(p => p.Tokens.Length) + hparams.MaxNewTokens);

    public int Updates => _kl.Exceeded ? Completed : hparams.Updates;

    public int Completed { get; private set; }

    public IReadOnlyList<string> Notices { get; private set; } = [];

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var scores = models.Scorer.Begin(hparams.RolloutSize, hparams.MinibatchSize, cancellationToken);
        var samples = Sample(scores, cancellationToken);                                        // 1. sample completions
        var rollout = Evaluate(samples, scores, cancellationToken);                             // 2. logprobs, values, scores
        var rewards = TokenRewards.Of(rollout, hparams, _kl.Coefficient);                       // 3. rewards
        var (advantages, returns) = AdvantageSignal.Of(rollout, rewards, hparams);              // 4. advantages
        var statistics = new PpoStatistics();
        foreach (var minibatch in _kl.Exceeds(rollout.SequenceKl) ? [] : Minibatches())         // 5. epochs of minibatches
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_minibatches.Train(rollout, advantages, returns, minibatch, _kl.Coefficient, statistics)) break;
        }
        Completed++;
        var metrics = statistics.Summarize(rollout, rewards, returns, _kl.Coefficient, _shaping); // 6. statistics
        _kl.Observe(rollout.SequenceKl, hparams.RolloutSize);                                   // 7. KL coefficient of the next update
        Notices = [.. _troubles.New(metrics), .. _kl.Ending(Completed)];
        return metrics;
    }

    /// <summary>Call after the last update: where weights are averaged, the average becomes the policy and its value head.</summary>
    public void Finish() => _minibatches.TakeAverage();

    /// <summary>Each completion goes to the scorer as soon as it is done.</summary>
    IReadOnlyList<SampledCompletion> Sample(IScoresUnderWay scores, CancellationToken cancellationToken)
    {
        var first = (long)Completed * hparams.RolloutSize;
        var requests = Enumerable.Range(0, hparams.RolloutSize)
            .Select(i => (Prompt: PromptOf(i), Sample: (int)first + i))
            .Select(r => new SampleRequest(r.Prompt.Tokens, r.Prompt.Id, r.Sample)).ToList();
        var sampling = new SamplingHParams { Temperature = hparams.Temperature, MaxNewTokens = hparams.MaxNewTokens };
        using var step = new DecoderStep(models.Policy, hparams.Slots, _length);
        return new Sampler(step, sampling, (ulong)hparams.Seed, models.Policy.Config.Ends).Run(requests, scores.Add, cancellationToken);
    }

    /// <summary>The prompt of the rollout's row: the samples of one prompt follow each other.</summary>
    PolicyPrompt PromptOf(int row) => prompts[_prompts[((long)Completed * hparams.RolloutSize + row) / hparams.SamplesPerPrompt]];

    Rollout Evaluate(IReadOnlyList<SampledCompletion> samples, IScoresUnderWay scores, CancellationToken cancellationToken)
    {
        var ids = samples.Select((_, i) => $"{PromptOf(i).Id:x16}/{Completed * hparams.RolloutSize + i}");
        var source = new TrainingBatch(Completed + 1, [.. ids], [.. samples.Select(s => s.Sequence)]);
        return new RolloutEvaluation(models, hparams, _shaping).Of(samples, source, scores, cancellationToken);
    }

    IEnumerable<Minibatch> Minibatches()
    {
        var order = new Shuffle(hparams.RolloutSize, hparams.Seed ^ ((long)(Completed + 1) << 20));
        var count = hparams.Epochs * (hparams.RolloutSize / hparams.MinibatchSize);
        for (var i = 0; i < count; i++)
            yield return new(Completed, (long)Completed * count + i, [.. Enumerable.Range(0, hparams.MinibatchSize).Select(k => order[(long)i * hparams.MinibatchSize + k])]);
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() => TrainerState.Save(States, Completed);

    public void Restore(IEnumerable<KeyValuePair<string, Stream>> files) => Completed = TrainerState.Restore(States, files);

    IReadOnlyList<(string Prefix, IState State)> States =>
        [.. _minibatches.States, ("", _kl), ("", _shaping.Scale), ("", _troubles)];

    public void Dispose() => _minibatches.Dispose();
}
