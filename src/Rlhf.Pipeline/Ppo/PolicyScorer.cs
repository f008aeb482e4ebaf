using Rlhf.Learning.Chat;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Scoring;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Running;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Ppo;

/// <summary>What scores a policy's completions while it is trained: models in this process, or servers where some are configured.</summary>
static class PolicyScorer
{
    /// <summary>One model or ensemble, or helpfulness and safety by the stated rule.</summary>
    /// <param name="prompts">The turns of every prompt, by the id that its completions carry.</param>
    public static async Task<IScorer> OpenAsync(
        TrainPolicy.Inputs inputs, TrainPolicy.HParams hparams, LoadedPolicy policy, IReadOnlyDictionary<ulong, IReadOnlyList<ChatTurn>> prompts, StepContext context,
        CancellationToken cancellationToken)
    {
        var servers = context.Configured<IRewardScoring>(IRewardScoring.Service);
        var scorer = await OneAsync(inputs.RewardModel);
        if (inputs.SafetyRewardModel is null) return scorer;
        try
        {
            return new AxesScorer(
                scorer, await OneAsync(inputs.SafetyRewardModel), Enum.Parse<Learning.Rewards.AxesRule>(hparams.AxesRule.ToString()), hparams.SafetyWeight, hparams.SafetyThreshold);
        }
        catch
        {
            scorer.Dispose();
            throw;
        }

        async Task<IScorer> OneAsync(ArtifactRef rewardModel)
        {
            if (servers is null)
                return (await context.Artifacts.LoadRewardModelsAsync(rewardModel, cancellationToken)).ToScorer(policy, prompts, hparams.Ensemble, hparams.EnsembleCoefficient, hparams.DeterministicScores);
            var tokenizers = await context.Artifacts.LoadRewardTokenizersAsync(rewardModel, cancellationToken);
            var texts = new PolicyTexts(policy.Format, policy.Tokenizer.EosId, prompts, tokenizers.All(t => RewardModelFiles.ReadsTokensOf(policy, t, new ChatFormat(t))));
            return new ServedScorer(
                servers, rewardModel, texts, new(tokenizers.Count, RewardModelFiles.ToLearning(hparams.Ensemble), hparams.EnsembleCoefficient), hparams.DeterministicScores);
        }
    }
}
