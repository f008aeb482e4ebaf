using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sft;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;
using TorchSharp;

namespace Rlhf.Pipeline.Rewards;

sealed class TrainRewardModelStep : Step<TrainRewardModel.Inputs, TrainRewardModel.HParams, TrainRewardModel.Outputs>
{
    public override StepDescription Description => TrainRewardModel.Description;

    protected override async Task<StepResult> RunAsync(
        TrainRewardModel.Inputs inputs, TrainRewardModel.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var pairs = (await context.Artifacts.ReadPairsAsync(inputs.Preferences, cancellationToken)).Where(p => !p.HeldOut).ToList();
        var members = new List<RewardModel>();
        try
        {
            for (var member = 1; member <= hparams.Members; member++)
                members.Add(await StartAsync(inputs, MemberSeed(inputs.Seed, member), context, cancellationToken));
            foreach (var member in members) member.Model.CheckpointGradients = hparams.GradientCheckpointing;
            var reference = await ReferenceTextsAsync(inputs, hparams, members[0], context, cancellationToken);
            var before = LanguageLossOf(members[0], reference, hparams.BatchSize, cancellationToken);
            foreach (var member in members) member.NormalizeHead(reference, 2 * hparams.BatchSize, cancellationToken);

            using (var trainer = Trainer(members, pairs, inputs.Seed, hparams, context, cancellationToken))
                await TrainingLoop.RunAsync(trainer, context, members.Count == 1 ? "reward_model/loss" : null, cancellationToken);

            foreach (var member in members)
                member.Normalize(reference, Enum.Parse<Learning.Rewards.LengthTreatment>(hparams.LengthTreatment.ToString()), 2 * hparams.BatchSize, cancellationToken);
            var loss = new LanguageLoss(before, LanguageLossOf(members[0], reference, hparams.BatchSize, cancellationToken), reference.Sum(t => t.Tokens.Length - 1));
            return Completed(new(await context.Artifacts.PutRewardModelsAsync(members, loss, cancellationToken), loss.Before, loss.After));
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    // The first member's seed is the step's own, so that an ensemble's first member is the model that would be trained alone.
    static long MemberSeed(long seed, int member) => member == 1 ? seed : Seeds.Derive(seed, "member", $"{member}");

    static async Task<RewardModel> StartAsync(TrainRewardModel.Inputs inputs, long seed, StepContext context, CancellationToken cancellationToken)
    {
        var backbone = await context.Artifacts.LoadPolicyAsync(inputs.Backbone, trainable: true, cancellationToken);
        var head = ScalarHead.Random(backbone.Model.Config.HiddenSize, (ulong)Seeds.Derive(seed, "head"), ModelFiles.Device);
        if (backbone.Model.Adapter is null) return new(backbone.Model, head, backbone.Tokenizer);
        // A reward model is one set of weights, all of which are trained.
        using (backbone) return new(backbone.Model.Merge(requiresGrad: true), head, backbone.Tokenizer);
    }

    static EnsembleTrainer Trainer(
        List<RewardModel> members, List<PreferencePair> pairs, long seed, TrainRewardModel.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var truncated = new HashSet<string>();
        ScoredText Encode(PreferencePair pair, string side)
        {
            var text = members[0].Encode(pair.Prompt.Chat(), side);
            if (text.Truncated) truncated.Add(pair.ComparisonId);
            return text;
        }
        // By prompt, so that no prompt is on both sides.
        var parts = pairs.Until(cancellationToken).ToLookup(p => hparams.StopEvery > 0 && Seeds.Uniform(seed, "validation", p.PromptId) < hparams.ValidationShare);
        var (groups, counts) = new TrainingGroups(hparams).Build([.. parts[false]], Encode);
        var judged = parts[true].Where(p => !p.IsTie).Select(p => (Encode(p, p.Chosen), Encode(p, p.Rejected))).ToList();
        if (hparams.StopEvery > 0 && judged.Count == 0)
            throw new InvalidDataException($"'stopEvery' is {hparams.StopEvery}, but of {pairs.Count} training pairs none is for validation ('validationShare' {hparams.ValidationShare}); expected at least one.");
        context.Journal.Log(0, new Dictionary<string, double>
        {
            ["reward_model/pairs"] = counts.Pairs,
            ["reward_model/ties"] = counts.Ties,
            ["reward_model/low_agreement"] = counts.LowAgreement,
            ["reward_model/dropped"] = counts.Dropped,
            ["reward_model/truncated"] = truncated.Count,
        });
        return new([.. members.Index().Select(m => (ITrainer)new RewardModelTrainer(
            m.Item, groups, ToLearning(hparams, Seeds.Derive(MemberSeed(seed, m.Index + 1), "pairs")),
            hparams.StopEvery == 0 ? null : new EarlyStopping(m.Item, judged, hparams.StopEvery, hparams.StopPatience, 2 * hparams.BatchSize)))]);
    }

    static RewardModelHParams ToLearning(TrainRewardModel.HParams hparams, long seed) =>
        new(hparams.Epochs, hparams.BatchSize, hparams.LearningRate, hparams.WarmupUpdates, hparams.WeightDecay, seed)
        { LabelSmoothing = hparams.LabelSmoothing, Centering = hparams.Centering };

    /// <summary>Nats a token on the reference completions.</summary>
    static double LanguageLossOf(RewardModel rewardModel, List<ScoredText> texts, int batchSize, CancellationToken cancellationToken)
    {
        using var noGrad = torch.no_grad();
        var (sum, tokens) = (0.0, 0);
        foreach (var chunk in texts.OrderBy(t => t.Tokens.Length).Chunk(batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var count = chunk.Sum(t => t.Tokens.Length - 1);
            sum += count * SupervisedTrainer.Loss(rewardModel.Model, TokenBatch.Pad([.. chunk.Select(t => t.Tokens)], rewardModel.Tokenizer.PadId, rewardModel.Model.Device)).Value();
            tokens += count;
        }
        return sum / tokens;
    }

    static async Task<List<ScoredText>> ReferenceTextsAsync(
        TrainRewardModel.Inputs inputs, TrainRewardModel.HParams hparams, RewardModel rewardModel, StepContext context, CancellationToken cancellationToken)
    {
        var prompts = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).ToDictionary(p => p.Id);
        var completions = await context.Artifacts.ReadLinesAsync<Completion>(inputs.Completions, "completions.jsonl", cancellationToken);
        return [.. completions.Take(hparams.NormalizeOn).Until(cancellationToken).Select(c => rewardModel.Encode(prompts[c.PromptId].Turns.Chat(), c.Text))];
    }
}
