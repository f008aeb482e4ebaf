using Rlhf.Learning.Models;
using Rlhf.Learning.Ppo;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Ppo;

sealed class TrainPolicyStep : Step<TrainPolicy.Inputs, TrainPolicy.HParams, TrainPolicy.Outputs>
{
    const string ValueHeadFile = "value_head.safetensors";

    // The last updates whose mean stands for "after": one rollout alone is noisy.
    const int LastUpdates = 4;

    public override StepDescription Description => TrainPolicy.Description;

    protected override async Task<StepResult> RunAsync(
        TrainPolicy.Inputs inputs, TrainPolicy.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        using var policy = await context.Artifacts.LoadPolicyAsync(inputs.Policy, trainable: true, cancellationToken);
        using var reference = await context.Artifacts.LoadPolicyAsync(inputs.Reference, trainable: false, cancellationToken);
        using var scorer = await context.Artifacts.LoadScorerAsync(inputs.RewardModel, policy.Tokenizer, EnsembleScore.Mean, 0, cancellationToken);
        if (!RewardModelFiles.SameTokens(policy.Tokenizer, reference.Tokenizer))
            throw new InvalidDataException($"The reference policy's tokenizer ({reference.Tokenizer.VocabularySize} tokens) is another than the policy's ({policy.Tokenizer.VocabularySize} tokens); expected the same.");
        using var value = await ValueHeadAsync(inputs.Policy, policy, context.Artifacts, cancellationToken);
        var prompts = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).Where(p => !p.HeldOut).Until(cancellationToken)
            .Select(p => new PolicyPrompt(PromptText.Encode(p, policy.Tokenizer, policy.Model.Config.MaxPositionEmbeddings), p.SamplingId())).ToList();

        using var trainer = new PpoTrainer(policy.Model, value, reference.Model, scorer, policy.Tokenizer, prompts, ToPpo(hparams, Seeds.Derive(inputs.Seed, "ppo")));
        await TrainingLoop.RunAsync(trainer, context, "objective/score", cancellationToken);
        var artifact = await context.Artifacts.PutAsync("policy", folder =>
        {
            HuggingFaceFolder.Save(folder, policy.Model, policy.Tokenizer);
            value.Save(Path.Combine(folder, ValueHeadFile));
        }, cancellationToken);
        return Completed(new(
            artifact, Last(context.Journal, "objective/kl"), context.Journal.Lines.First(l => l.Metric == "objective/score").Value,
            Last(context.Journal, "objective/score")));
    }

    /// <summary>The champion's value head where it has one; it is fitted anew before the policy moves, since the reward model changed.</summary>
    static async Task<ScalarHead> ValueHeadAsync(ArtifactRef artifact, LoadedPolicy policy, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var hidden = policy.Model.Config.HiddenSize;
        return (await artifacts.ManifestAsync(artifact, cancellationToken)).Files.Any(f => f.Path == ValueHeadFile)
            ? await artifacts.OpenAsync(artifact, folder => ScalarHead.Load(Path.Combine(folder, ValueHeadFile), hidden, ModelFiles.Device), cancellationToken)
            : ScalarHead.Zero(hidden, ModelFiles.Device);
    }

    static double Last(MetricJournal journal, string metric) => journal.Lines.Where(l => l.Metric == metric).TakeLast(LastUpdates).Average(l => l.Value);

    static PpoHParams ToPpo(TrainPolicy.HParams hparams, long seed) => new()
    {
        Updates = hparams.Updates,
        ValueWarmupUpdates = hparams.ValueWarmupUpdates,
        RolloutSize = hparams.RolloutSize,
        Epochs = hparams.Epochs,
        MinibatchSize = hparams.MinibatchSize,
        LearningRate = hparams.LearningRate,
        KlCoefficient = hparams.KlCoefficient,
        KlEstimator = Enum.Parse<Learning.Ppo.KlEstimator>(hparams.KlEstimator.ToString()),
        Gamma = hparams.Gamma,
        Lambda = hparams.Lambda,
        ClipRange = hparams.ClipRange,
        ValueClipRange = hparams.ValueClipRange,
        ValueCoefficient = hparams.ValueCoefficient,
        MaxGradientNorm = hparams.MaxGradientNorm,
        MissingEosPenalty = hparams.MissingEosPenalty,
        Temperature = hparams.Temperature,
        MaxNewTokens = hparams.MaxNewTokens,
        Slots = hparams.Slots,
        Seed = seed,
    };
}
