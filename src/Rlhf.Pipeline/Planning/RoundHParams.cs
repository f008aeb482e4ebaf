using Rlhf.Steps.Contracts;

namespace Rlhf.Pipeline.Planning;

/// <summary>The hparams of a round's steps that compute with models.</summary>
public sealed record RoundHParams(
    SampleCompletions.HParams SampleCompletions, SelectComparisons.HParams SelectComparisons, TrainRewardModel.HParams TrainRewardModel,
    TrainPolicy.HParams TrainPolicy, SampleEvaluation.HParams SampleEvaluation, MeasureChallenger.HParams MeasureChallenger);

/// <summary>What a step will take.</summary>
/// <param name="Step">Its name.</param>
/// <param name="Bytes">Most memory, the process itself included.</param>
/// <param name="Peak">What it is doing then.</param>
/// <param name="Seconds">Time if every completion is as long as it may be; null where it was not asked for.</param>
public sealed record StepPlan(string Step, long Bytes, string Peak, double? Seconds = null);

/// <summary>How long texts are, and how many prompts there are.</summary>
/// <param name="PromptTokens">Tokens of the longest prompt.</param>
/// <param name="Prompts">Number of prompts, or null: as many as the hparams ask for.</param>
public sealed record PlanTexts(int PromptTokens, int? Prompts);
