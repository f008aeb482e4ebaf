using Rlhf.Learning.Chat;
using Rlhf.Learning.Models;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;
using AdvantageEstimator = Rlhf.Steps.Contracts.AdvantageEstimator;

namespace Rlhf.Pipeline.Ppo;

sealed class TrainPolicyStep : Step<TrainPolicy.Inputs, TrainPolicy.HParams, TrainPolicy.Outputs>
{
    const string ValueHeadFile = "value_head.safetensors";

    public override StepDescription Description => TrainPolicy.Description;

    protected override async Task<StepResult> RunAsync(
        TrainPolicy.Inputs inputs, TrainPolicy.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        using var policy = await Adapters.LoadAsync(inputs.Policy, hparams, inputs.Seed, context, cancellationToken);
        using var reference = await Adapters.ReferenceAsync(inputs.Reference, inputs.Policy, policy, context.Artifacts, cancellationToken);
        if (!RewardModelFiles.SameTokens(policy.Tokenizer, reference.Tokenizer))
            throw new InvalidDataException($"The reference policy's tokenizer ({reference.Tokenizer.VocabularySize} tokens) is another than the policy's ({policy.Tokenizer.VocabularySize} tokens); expected the same.");
        var promptSet = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).Where(p => !p.HeldOut).ToList();
        var turns = promptSet.ToDictionary(p => p.SamplingId(), p => p.Turns.Chat());
        using var scorer = await PolicyScorer.OpenAsync(inputs, hparams, policy, turns, context, cancellationToken);
        using var value = hparams.Advantages == AdvantageEstimator.Gae
            ? await ValueHeadAsync(inputs, hparams.ValueInit, policy, context.Artifacts, cancellationToken)
            : null;
        var prompts = promptSet.Until(cancellationToken)
            .Select(p => new PolicyPrompt(PromptText.Encode(p, policy.Format, policy.Model.Config.ContextLength), p.SamplingId())).ToList();
        var texts = await PretrainingTexts.ReadAsync(
            inputs.Texts, hparams.PtxCoefficient, policy.Tokenizer, policy.Model.Config.ContextLength, context.Artifacts, cancellationToken);

        policy.Model.CheckpointGradients = hparams.GradientCheckpointing;
        var models = new PpoModels(policy.Model, value, reference.Model, scorer, policy.Tokenizer.PadId);
        using var trainer = new PpoTrainer(models, prompts, PpoHParamsOf.Training(hparams, Seeds.Derive(inputs.Seed, "ppo")), texts);
        using var stops = new KlStops(trainer, hparams.KlStops());
        using var early = new EarlyPolicy(stops, hparams.EarlyUpdate(), folder => HuggingFaceFolder.Save(folder, policy.Model, policy.Tokenizer));
        var before = await StoppedTraining.ResumeAsync(early, inputs, hparams, context.Artifacts, cancellationToken);
        await TrainingLoop.RunAsync(early, context, TrainingFigures.Score, cancellationToken);
        var figures = before.With(context.Journal);
        // Before the weights become their average, from which no training could go on.
        var training = stops.Stopped ? await StoppedTraining.PutAsync(early, inputs, hparams, figures, context.Artifacts, cancellationToken) : null;
        trainer.Finish();
        var artifact = await context.Artifacts.PutAsync("policy", folder =>
        {
            HuggingFaceFolder.Save(folder, policy.Model, policy.Tokenizer);
            value?.Save(Path.Combine(folder, ValueHeadFile));
        }, cancellationToken);
        var kept = early.Folder is null ? null : await context.Artifacts.PutFolderAsync("policy", early.Folder, cancellationToken);
        return Completed(
            new(artifact, figures.Kls.Average(), figures.FirstScore!.Value, figures.Scores.Average(), kept, training, trainer.Completed),
            stops.Stopped ? TrainPolicy.Checkpoint : "Done");
    }

    /// <summary>By default the champion's where it has one; it is fitted anew before the policy moves, since the reward model changed.</summary>
    static async Task<ScalarHead> ValueHeadAsync(
        TrainPolicy.Inputs inputs, ValueInit init, LoadedPolicy policy, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var hidden = policy.Model.Config.HiddenSize;
        if (init == ValueInit.RewardModel) return await FromRewardModelAsync(inputs.RewardModel, hidden, artifacts, cancellationToken);
        return init == ValueInit.Previous && (await artifacts.ManifestAsync(inputs.Policy, cancellationToken)).Files.Any(f => f.Path == ValueHeadFile)
            ? await artifacts.OpenAsync(inputs.Policy, folder => ScalarHead.Load(Path.Combine(folder, ValueHeadFile), hidden, ModelFiles.Device), cancellationToken)
            : ScalarHead.Zero(hidden, ModelFiles.Device);
    }

    static async Task<ScalarHead> FromRewardModelAsync(ArtifactRef rewardModel, int hidden, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var members = await artifacts.LoadRewardModelsAsync(rewardModel, cancellationToken);
        try
        {
            return ValueHeads.FromRewardModel(members[0], hidden, ModelFiles.Device);
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }
}
