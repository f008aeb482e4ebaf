using Rlhf.Learning.Models;
using Rlhf.Learning.Planning;
using Rlhf.Pipeline.Ppo;
using Rlhf.Steps.Contracts;

namespace Rlhf.Pipeline.Planning;

/// <summary>Most memory that each step of a round takes with a policy of a shape whose reward model has the same shape; an arithmetic, nothing is loaded.</summary>
/// <param name="config">The policy's shape.</param>
/// <param name="texts">How long texts are.</param>
/// <param name="process">Bytes that the process has without any model.</param>
public sealed class RoundMemory(DecoderConfig config, PlanTexts texts, long process)
{
    // What the allocator holds beyond what is in use, as measured by tests/benchmarks/Rlhf.Memory: freed blocks of up to 32 MB stay with the process.
    const long Allocator = 150_000_000;

    // As EvaluateRewardModelStep scores.
    const int Scored = 64;

    readonly DecoderMemory _full = new(config);

    /// <summary>Every step that computes with models, in the order of the round.</summary>
    public IReadOnlyList<StepPlan> Of(RoundHParams hparams) =>
    [
        Sampling(nameof(SampleCompletions), hparams.SampleCompletions.Slots, hparams.SampleCompletions.MaxNewTokens),
        Selection(hparams.SelectComparisons, hparams.TrainRewardModel.Members, hparams.SampleCompletions.MaxNewTokens),
        RewardModel(hparams.TrainRewardModel, hparams.SampleCompletions.MaxNewTokens, hparams.SampleCompletions.SamplesPerPrompt),
        Evaluation(hparams.TrainRewardModel.Members, hparams.SampleCompletions.MaxNewTokens),
        Policy(hparams.TrainPolicy, hparams.TrainRewardModel.Members),
        Sampling(nameof(SampleEvaluation), hparams.SampleEvaluation.Slots, hparams.SampleEvaluation.MaxNewTokens),
        Measures(hparams.MeasureChallenger, hparams.TrainRewardModel.Members, hparams.SampleEvaluation.MaxNewTokens),
    ];

    internal StepPlan Sampling(string step, int slots, int newTokens) => Most(step, 0, ($"{slots} completions at a time", Sampled(slots, newTokens)));

    long Sampled(int slots, int newTokens) => _full.Weights + _full.Cache(slots, Positions(newTokens)) + _full.Draw(slots) + _full.Forward(slots);

    // The policy that groups prompts is gone when the reward model of the round before scores.
    internal StepPlan Selection(SelectComparisons.HParams hparams, int members, int newTokens) => Most(nameof(SelectComparisons), 0,
        ($"{Scored / 2} prompts at a time", hparams.Clusters > 1 ? _full.Weights + _full.Forward(Scored / 2 * (long)texts.PromptTokens) : 0),
        ($"{Scored} texts at a time", IsActive(hparams) ? members * _full.Weights + _full.Forward(Scored * (long)Positions(newTokens)) : 0));

    internal static bool IsActive(SelectComparisons.HParams hparams) => hparams.Disagreement + hparams.InformationGain + hparams.SmallGap > 0;

    internal StepPlan RewardModel(TrainRewardModel.HParams hparams, int newTokens, int samplesPerPrompt)
    {
        var rows = (long)hparams.BatchSize * (hparams.Grouping == PairGrouping.Prompt ? samplesPerPrompt : 2) * Positions(newTokens);
        var single = (long)hparams.BatchSize * Positions(newTokens);
        var fixedPart = hparams.Members * (_full.Training + (hparams.StopEvery > 0 ? _full.Weights : 0));
        return Most(nameof(TrainRewardModel), fixedPart,
            ($"backward pass of {rows} positions", _full.Kept(rows, hparams.GradientCheckpointing) + _full.Backward(rows, logits: false)),
            ("language-model loss", _full.Forward(single) + 2 * _full.Logits(single)),
            ("optimizer and checkpoint", _full.Step));
    }

    internal StepPlan Evaluation(int members, int newTokens) => Most(nameof(EvaluateRewardModel), members * _full.Weights,
        ($"{Scored} texts at a time", _full.Forward(Scored * (long)Positions(newTokens))));

    // The reference policy samples, then one policy after the other reads; the reward model scores when these are gone.
    internal StepPlan Measures(MeasureChallenger.HParams hparams, int members, int newTokens)
    {
        var rows = (long)hparams.BatchSize * Positions(newTokens);
        return Most(nameof(MeasureChallenger), 0,
            ($"{hparams.BatchSize} completions at a time", Sampled(hparams.BatchSize, newTokens)),
            ($"log-probabilities of {hparams.BatchSize} texts", _full.Weights + _full.Forward(rows) + 3 * _full.Logits(rows)),
            ($"scores of {hparams.BatchSize} completions", members * _full.Weights + _full.Forward(rows)));
    }

    internal StepPlan Policy(TrainPolicy.HParams hparams, int members)
    {
        var adapter = Adapter(hparams, config);
        var trained = new DecoderMemory(config, adapter);
        var positions = Positions(hparams.MaxNewTokens);
        var newTokens = Math.Min(hparams.MaxNewTokens, positions);
        // With an adapter the reference policy is the same weights.
        var fixedPart = trained.Training + (adapter is null ? _full.Weights : 0) + members * _full.Weights + (hparams.Ema > 0 ? 4 * trained.Trainable : 0);
        long evaluated = hparams.MicrobatchSize > 0 ? hparams.MicrobatchSize : hparams.RolloutSize;
        long trainedRows = hparams.MicrobatchSize > 0 ? hparams.MicrobatchSize : hparams.MinibatchSize;
        var ptx = hparams.PtxCoefficient > 0 ? (long)hparams.PtxBatchSize * config.ContextLength : 0;
        return Most(nameof(TrainPolicy), fixedPart,
            ($"sampling {hparams.Slots} completions at a time", trained.Cache(hparams.Slots, positions) + trained.Draw(hparams.Slots) + trained.Forward(hparams.Slots)),
            ($"log-probabilities of {evaluated} completions", trained.Forward(evaluated * positions) + 3 * trained.Logits(evaluated * newTokens)),
            ($"scores of {hparams.MinibatchSize} completions", _full.Forward((long)hparams.MinibatchSize * positions)),
            ($"backward pass of {trainedRows} completions", Trained(trainedRows * positions, trainedRows * newTokens, hparams.EntropyCoefficient > 0 ? 6 : 3)),
            ($"backward pass of {hparams.PtxBatchSize} texts", ptx == 0 ? 0 : Trained(ptx, ptx, 3)),
            ("optimizer and checkpoint", trained.Step));

        long Trained(long rows, long logits, int copies) =>
            trained.Kept(rows, hparams.GradientCheckpointing) + trained.Backward(rows, logits: true) + copies * trained.Logits(logits);
    }

    internal static LowRankConfig? Adapter(TrainPolicy.HParams hparams, DecoderConfig config) =>
        hparams.LoraRank == 0 ? null : new LowRankConfig(hparams.LoraRank, hparams.LoraAlpha, Adapters.Targets(hparams.LoraTargets, config)).Validate(config);

    internal int Positions(int newTokens) => Math.Min(config.ContextLength, texts.PromptTokens + newTokens + 1);

    StepPlan Most(string step, long fixedPart, params ReadOnlySpan<(string What, long Bytes)> phases)
    {
        var most = phases[0];
        foreach (var phase in phases)
            if (phase.Bytes > most.Bytes) most = phase;
        return new(step, process + Allocator + fixedPart + most.Bytes, most.What);
    }
}
