using Rlhf.Learning.Models;
using Rlhf.Learning.Sft;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Policies;

sealed class PreparePolicyStep : Step<PreparePolicy.Inputs, PreparePolicy.HParams, PreparePolicy.Outputs>
{
    // Of the language-model loss before the training.
    const double MostForgotten = 0.02;

    public override StepDescription Description => PreparePolicy.Description;

    protected override async Task<StepResult> RunAsync(
        PreparePolicy.Inputs inputs, PreparePolicy.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Model is { Kind: "reward-model" } rewardModel && !hparams.AcceptForgetting) await CheckForgettingAsync(rewardModel, context, cancellationToken);
        using var policy = inputs.Model is { } model
            ? await context.Artifacts.LoadPolicyAsync(model, trainable: false, cancellationToken)
            : await TrainAsync(inputs.Seed, hparams, context, cancellationToken);
        return Completed(new(await context.Artifacts.PutAsync(
            "policy", folder => HuggingFaceFolder.Save(folder, policy.Model, policy.Tokenizer), cancellationToken)));
    }

    /// <exception cref="InvalidDataException">The training of the reward model made its backbone too much worse as a language model.</exception>
    static async Task CheckForgettingAsync(ArtifactRef rewardModel, StepContext context, CancellationToken cancellationToken)
    {
        var loss = await context.Artifacts.ReadLanguageLossAsync(rewardModel, cancellationToken)
            ?? throw new InvalidDataException($"What the training of {rewardModel.Short} did to its backbone as a language model was not measured; expected 'language_loss.json' ('acceptForgetting' takes it all the same).");
        if (loss.After > loss.Before * (1 + MostForgotten))
            throw new InvalidDataException(
                $"The backbone of {rewardModel.Short} forgot: its language-model loss went from {loss.Before:0.000} to {loss.After:0.000} nats a token ({loss.After / loss.Before - 1:+0.0 %}); "
                + $"expected at most {MostForgotten:0 %} more ('acceptForgetting' takes it all the same).");
    }

    static async Task<LoadedPolicy> TrainAsync(long seed, PreparePolicy.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var texts = context.Service<ISyntheticText>("stories").Texts(Seeds.Derive(seed, "texts"), hparams.Texts).Until(cancellationToken).ToList();
        // The vocabulary of a small grammar is settled by a part of its texts.
        var tokenizer = BpeTrainer.Train(texts.Take(4000), hparams.VocabularySize);
        var sequences = texts.Until(cancellationToken).Select(t => (int[])[.. tokenizer.Begin, .. tokenizer.Encode(t), tokenizer.EosId]).ToList();
        if (sequences.Max(s => s.Length) is var longest && longest > hparams.ContextLength)
            throw new ArgumentException($"'contextLength' is {hparams.ContextLength}; expected at least {longest}, the longest text in tokens.");

        var config = new DecoderConfig
        {
            VocabSize = tokenizer.VocabularySize,
            HiddenSize = hparams.HiddenSize,
            IntermediateSize = hparams.IntermediateSize,
            NumHiddenLayers = hparams.Layers,
            NumAttentionHeads = hparams.Heads,
            NumKeyValueHeads = hparams.KeyValueHeads,
            MaxPositionEmbeddings = hparams.ContextLength,
            TieWordEmbeddings = true,
            BosTokenId = tokenizer.BosId,
            EosTokenId = tokenizer.EosId,
            PadTokenId = tokenizer.PadId,
        };
        var policy = new LoadedPolicy(DecoderModel.Initialize(config, (ulong)Seeds.Derive(seed, "weights"), ModelFiles.Device), tokenizer);
        using var trainer = new SupervisedTrainer(policy.Model, sequences, tokenizer.PadId, new(
            hparams.Epochs, hparams.BatchSize, hparams.LearningRate, hparams.WarmupUpdates, hparams.WeightDecay, Seeds.Derive(seed, "order")));
        await TrainingLoop.RunAsync(trainer, context, "sft/loss", cancellationToken);
        return policy;
    }
}
