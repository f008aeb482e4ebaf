using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rewards;

sealed class TrainRewardModelStep : Step<TrainRewardModel.Inputs, TrainRewardModel.HParams, TrainRewardModel.Outputs>
{
    public override StepDescription Description => TrainRewardModel.Description;

    protected override async Task<StepResult> RunAsync(
        TrainRewardModel.Inputs inputs, TrainRewardModel.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        using var backbone = await context.Artifacts.LoadPolicyAsync(inputs.Backbone, trainable: true, cancellationToken);
        var head = ScalarHead.Random(backbone.Model.Config.HiddenSize, (ulong)Seeds.Derive(inputs.Seed, "head"), ModelFiles.Device);
        using var rewardModel = new RewardModel(backbone.Model, head, backbone.Tokenizer);
        var preferences = (await context.Artifacts.ReadPairsAsync(inputs.Preferences, cancellationToken)).Where(p => !p.HeldOut).ToList();
        var texts = preferences.Until(cancellationToken).SelectMany(p => new[] { p.Chosen, p.Rejected }.Select(side => PromptText.Render(p.Prompt, p.PromptId) + side)).ToList();
        context.Journal.Log(0, new Dictionary<string, double> { ["reward_model/truncated"] = texts.Until(cancellationToken).Count(t => !rewardModel.Fits(t)) });
        var pairs = preferences.Until(cancellationToken).Select((p, i) => new TokenPair(rewardModel.Encode(texts[2 * i]), rewardModel.Encode(texts[2 * i + 1]), p.ComparisonId)).ToList();

        using var trainer = new RewardModelTrainer(rewardModel, pairs, new(
            hparams.Epochs, hparams.BatchSize, hparams.LearningRate, hparams.WarmupUpdates, hparams.WeightDecay, Seeds.Derive(inputs.Seed, "pairs")));
        await TrainingLoop.RunAsync(trainer, context, "reward_model/loss", cancellationToken);
        rewardModel.Normalize(await ReferenceTextsAsync(inputs, hparams, rewardModel, context, cancellationToken), 2 * hparams.BatchSize, cancellationToken);
        return Completed(new(await context.Artifacts.PutAsync("reward-model", rewardModel.Save, cancellationToken)));
    }

    static async Task<List<int[]>> ReferenceTextsAsync(
        TrainRewardModel.Inputs inputs, TrainRewardModel.HParams hparams, RewardModel rewardModel, StepContext context, CancellationToken cancellationToken)
    {
        var prompts = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).ToDictionary(p => p.Id);
        var completions = await context.Artifacts.ReadLinesAsync<Completion>(inputs.Completions, "completions.jsonl", cancellationToken);
        return [.. completions.Take(hparams.NormalizeOn).Until(cancellationToken).Select(c => rewardModel.Encode(PromptText.Render(prompts[c.PromptId]) + c.Text))];
    }
}
