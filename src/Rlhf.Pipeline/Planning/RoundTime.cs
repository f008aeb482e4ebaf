using Rlhf.Learning.Models;
using Rlhf.Learning.Planning;
using Rlhf.Steps.Contracts;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Planning;

/// <summary>
/// Seconds that each step of a round takes on this machine if every completion is as long as it may be, from measured paces. Reading and writing of
/// artifacts, tokenizers and everything that waits for people are left out.
/// </summary>
/// <param name="config">The policy's shape, and the reward model's.</param>
/// <param name="texts">How long texts are, and how many prompts there are.</param>
/// <param name="device">Where to compute.</param>
public sealed class RoundTime(DecoderConfig config, PlanTexts texts, Device device)
{
    // How many reference completions the round's workflow samples for the normalization: prompts by samples.
    const int ReferencePrompts = 257;

    readonly RoundMemory _lengths = new(config, texts, process: 0);

    /// <summary>The plans with their times; measures for some seconds.</summary>
    public IReadOnlyList<StepPlan> Add(IReadOnlyList<StepPlan> plans, RoundHParams hparams, CancellationToken cancellationToken)
    {
        var (sampling, rewards, policy) = (hparams.SampleCompletions, hparams.TrainRewardModel, hparams.TrainPolicy);
        var positions = Math.Max(_lengths.Positions(sampling.MaxNewTokens), _lengths.Positions(policy.MaxNewTokens));
        var full = Pace.Measure(config, null, sampling.Slots, 2 * rewards.BatchSize, positions, device, cancellationToken);
        var trained = Pace.Measure(
            config, RoundMemory.Adapter(policy, config), policy.Slots, policy.MicrobatchSize > 0 ? policy.MicrobatchSize : policy.MinibatchSize, positions,
            device, cancellationToken);
        return [.. plans.Select(p => p with { Seconds = Seconds(p.Step) })];

        double Seconds(string step) => step switch
        {
            nameof(SampleCompletions) => Sampled((Asked(sampling) + ReferencePrompts) * sampling.SamplesPerPrompt, sampling.Slots, sampling.MaxNewTokens, full),
            nameof(SelectComparisons) => Selection(hparams, full),
            nameof(TrainRewardModel) => RewardModel(hparams, full),
            nameof(EvaluateRewardModel) => rewards.Members * 2.0 * (Pairs(hparams) - TrainingPairs(hparams)) * _lengths.Positions(sampling.MaxNewTokens) * full.Forward,
            nameof(TrainPolicy) => Policy(policy, rewards.Members, trained, full),
            nameof(MeasureChallenger) => Measures(hparams, full),
            _ => 2 * Sampled(hparams.SampleEvaluation.Comparisons, hparams.SampleEvaluation.Slots, hparams.SampleEvaluation.MaxNewTokens, full),
        };
    }

    double Sampled(long completions, int slots, int newTokens, Pace pace) =>
        Math.Ceiling((double)completions / slots) * _lengths.Positions(newTokens) * pace.Step;

    long Asked(SampleCompletions.HParams hparams) => Math.Min(hparams.TrainPrompts + hparams.HeldOutPrompts, texts.Prompts ?? int.MaxValue);

    double Candidates(RoundHParams hparams) =>
        Asked(hparams.SampleCompletions) * hparams.SampleCompletions.SamplesPerPrompt * (hparams.SampleCompletions.SamplesPerPrompt - 1) / 2.0;

    double Pairs(RoundHParams hparams) => Math.Min(hparams.SelectComparisons.Budget, Candidates(hparams));

    double TrainingPairs(RoundHParams hparams) =>
        Pairs(hparams) * hparams.SampleCompletions.TrainPrompts / (hparams.SampleCompletions.TrainPrompts + hparams.SampleCompletions.HeldOutPrompts);

    double Selection(RoundHParams hparams, Pace pace) => pace.Forward * (
        (hparams.SelectComparisons.Clusters > 1 ? Asked(hparams.SampleCompletions) * texts.PromptTokens : 0.0)
        + (RoundMemory.IsActive(hparams.SelectComparisons)
            ? hparams.TrainRewardModel.Members * 2 * Candidates(hparams) * _lengths.Positions(hparams.SampleCompletions.MaxNewTokens) : 0.0));

    // As if the champion were not the reference policy: completions of both are read by who wrote them, by the reference policy and by the reward model.
    double Measures(RoundHParams hparams, Pace pace)
    {
        var (measures, newTokens) = (hparams.MeasureChallenger, hparams.SampleEvaluation.MaxNewTokens);
        double texts = Math.Min(measures.Prompts, hparams.SampleEvaluation.Comparisons), positions = _lengths.Positions(newTokens);
        var completions = 4 * texts * (positions * pace.Forward + Math.Min(newTokens, positions) * pace.Logits);
        return Sampled((long)texts, measures.BatchSize, newTokens, pace) + completions + 3 * texts * positions * (pace.Forward + pace.Logits)
            + 2 * texts * hparams.TrainRewardModel.Members * positions * pace.Forward;
    }

    double RewardModel(RoundHParams hparams, Pace pace)
    {
        var rewards = hparams.TrainRewardModel;
        double positions = _lengths.Positions(hparams.SampleCompletions.MaxNewTokens);
        // Head scaled before, scores normalized after, and the language-model loss both times.
        var reference = rewards.NormalizeOn * positions * (rewards.Members * 2 * pace.Forward + 2 * (pace.Forward + pace.Logits));
        var row = pace.Train + (rewards.GradientCheckpointing ? pace.Forward : 0);
        var passes = TrainingPairs(hparams) * rewards.Epochs;
        return reference + rewards.Members * passes * (2 * positions * row + pace.Optimizer / rewards.BatchSize);
    }

    double Policy(TrainPolicy.HParams hparams, int members, Pace trained, Pace full)
    {
        double positions = _lengths.Positions(hparams.MaxNewTokens), rollout = hparams.RolloutSize, newTokens = Math.Min(hparams.MaxNewTokens, positions);
        var evaluated = rollout * (positions * (trained.Forward + full.Forward * (1 + members)) + newTokens * (trained.Logits + full.Logits));
        var row = trained.Train + (hparams.GradientCheckpointing ? trained.Forward : 0);
        var training = hparams.Epochs * (rollout * (positions * row + newTokens * trained.TrainLogits) + rollout / hparams.MinibatchSize * trained.Optimizer);
        // In the warm-up of the value head the policy is only read.
        var warmup = hparams.Epochs * rollout * positions * trained.Forward;
        var warmups = hparams.Advantages == AdvantageEstimator.Gae ? Math.Min(hparams.ValueWarmupUpdates, hparams.Updates) : 0;
        return hparams.Updates * (Sampled(hparams.RolloutSize, hparams.Slots, hparams.MaxNewTokens, trained) + evaluated)
            + (hparams.Updates - warmups) * training + warmups * warmup;
    }
}
