using Rlhf.Learning.Models;
using Rlhf.Learning.Ppo;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Ppo;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Experiments.Ppo;

/// <summary>PPO as the step TrainPolicy does it, which keeps the policy wherever its own rollout passes the next KL of a grid, and the last one.</summary>
static class SnapshotTraining
{
    public static async Task<IReadOnlyList<Snapshot>> RunAsync(
        ArtifactStore artifacts, ArtifactRef start, ArtifactRef rewardModel, ArtifactRef promptSet, TrainPolicy.HParams hparams, IReadOnlyList<double> grid, long seed)
    {
        using var policy = await artifacts.LoadPolicyAsync(start, trainable: true, default);
        using var reference = await artifacts.LoadPolicyAsync(start, trainable: false, default);
        var training = (await artifacts.ReadPromptsAsync(promptSet, default)).Where(p => !p.HeldOut).ToList();
        using var scorer = (await artifacts.LoadRewardModelsAsync(rewardModel, default))
            .ToScorer(policy, training.ToDictionary(p => p.SamplingId(), p => p.Turns.Chat()), hparams.Ensemble, hparams.EnsembleCoefficient);
        using var value = ScalarHead.Zero(policy.Model.Config.HiddenSize, ModelFiles.Device);
        List<PolicyPrompt> prompts = [.. training.Select(p => new PolicyPrompt(PromptText.Encode(p, policy.Format, policy.Model.Config.ContextLength), p.SamplingId()))];
        using var trainer = new PpoTrainer(
            new(policy.Model, value, reference.Model, scorer, policy.Tokenizer.PadId), prompts, PpoHParamsOf.Training(hparams, Seeds.Derive(seed, "ppo")));

        List<Snapshot> kept = [new(start, 0)];
        var (next, before) = (0, start);
        while (trainer.Completed < trainer.Updates)
        {
            var update = trainer.Completed;
            var metrics = trainer.Update(default);
            // An update's rollout is the policy's from before it.
            if (next < grid.Count && metrics["objective/kl"] >= grid[next])
            {
                kept.Add(new(before, update));
                while (next < grid.Count && grid[next] <= metrics["objective/kl"]) next++;
            }
            before = await artifacts.PutAsync("policy", folder => HuggingFaceFolder.Save(folder, policy.Model, policy.Tokenizer), default);
        }
        kept.Add(new(before, trainer.Completed));
        return kept;
    }
}
