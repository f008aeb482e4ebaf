using System.Text.Json.Nodes;
using Rlhf.Learning.Native;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Labeling;
using Rlhf.Pipeline.Overoptimization;
using Rlhf.Pipeline.Policies;
using Rlhf.Pipeline.Ppo;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Promotions;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Rounds;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline;

/// <summary>The steps of a round, in the order of a round.</summary>
public static class PipelineSteps
{
    public static IReadOnlyList<IStep> All { get; } = [.. ((IStep[])[
        new PreparePolicyStep(), new StartRoundStep(), new PreparePromptsStep(), new SampleCompletionsStep(), new SelectComparisonsStep(),
        new CollectJudgementsStep(), new DrawSpotCheckStep(), new CompareJudgementsStep(), new BuildPreferencesStep(), new TrainRewardModelStep(), new EvaluateRewardModelStep(), new TrainPolicyStep(),
        new SampleBestOfNStep(), new ProbeRewardModelStep(), new SampleCheckpointStep(), new MeasureOveroptimizationStep(),
        new FixCriteriaStep(), new SampleEvaluationStep(), new MeasureChallengerStep(), new DecideGateStep(), new PreparePromotionStep(), new PromoteChallengerStep(), new ReportRoundStep(),
        new ReportRefreshStep(),
    ]).Select(step => new GivesMemoryBack(step))];

    /// <summary>What a step has used the process does not keep: it may wait for people for days.</summary>
    sealed class GivesMemoryBack(IStep step) : IStep
    {
        public StepDescription Description => step.Description;

        public async Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken)
        {
            try
            {
                return await step.RunAsync(inputs, hparams, context, cancellationToken);
            }
            finally
            {
                TorchNative.GiveBack();
            }
        }
    }
}
