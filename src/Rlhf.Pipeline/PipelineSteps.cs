using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Policies;
using Rlhf.Pipeline.Ppo;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Rounds;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline;

/// <summary>The steps of a round, in the order of a round.</summary>
public static class PipelineSteps
{
    public static IReadOnlyList<IStep> All { get; } =
    [
        new PreparePolicyStep(), new StartRoundStep(), new PreparePromptsStep(), new SampleCompletionsStep(), new SelectComparisonsStep(),
        new CollectJudgementsStep(), new BuildPreferencesStep(), new TrainRewardModelStep(), new EvaluateRewardModelStep(), new TrainPolicyStep(),
        new SampleEvaluationStep(), new DecideGateStep(), new PromoteChallengerStep(), new ReportRoundStep(),
    ];
}
