using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>What the training of a reward model depends on besides its pairs.</summary>
public sealed record RewardModelHParams(int Epochs, int BatchSize, double LearningRate, int WarmupUpdates, double WeightDecay, long Seed);

/// <summary>One pair as the reward model reads it.</summary>
public sealed record TokenPair(int[] Chosen, int[] Rejected, string Id);

/// <summary>Fits a reward model to pairs by the Bradley-Terry loss; both sides of all pairs of a batch in one forward pass.</summary>
public sealed class RewardModelTrainer(RewardModel rewardModel, IReadOnlyList<TokenPair> pairs, RewardModelHParams hparams) : ITrainer
{
    readonly AdamW _optimizer = new([rewardModel.Model.Parameters, rewardModel.Head.Parameters], hparams.WeightDecay);
    readonly Shuffle _order = new(pairs.Count, hparams.Seed);

    public int Updates { get; } = Math.Max(1, pairs.Count * hparams.Epochs / hparams.BatchSize);

    public int Completed { get; private set; }

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var first = (long)Completed * hparams.BatchSize;
        var batch = Enumerable.Range(0, hparams.BatchSize).Select(i => pairs[_order[first + i]]).ToList();
        var tokens = TokenBatch.Pad(
            [.. batch.Select(p => p.Chosen), .. batch.Select(p => p.Rejected)], rewardModel.Tokenizer.PadId, rewardModel.Model.Device);

        var sides = rewardModel.Score(tokens).chunk(2);
        var loss = BradleyTerry.Loss(sides[0], sides[1]);
        var source = new TrainingBatch(Completed + 1, [.. batch.Select(p => p.Id)], [.. batch.Select(p => p.Chosen), .. batch.Select(p => p.Rejected)]);
        var value = source.Finite("loss", loss);
        loss.backward();
        var learningRate = LearningRates.WarmupCosine(hparams.LearningRate, Completed, hparams.WarmupUpdates, Updates);
        var norm = _optimizer.Step(learningRate, maxGradientNorm: 1.0, source);
        Completed++;
        var margin = (sides[0] - sides[1]).detach();
        return new Dictionary<string, double>
        {
            ["reward_model/loss"] = value,
            ["reward_model/accuracy"] = margin.sign().add(1).div(2).mean().ToSingle(),
            ["reward_model/margin"] = margin.mean().ToSingle(),
            ["reward_model/grad_norm"] = norm,
            ["reward_model/lr"] = learningRate,
        };
    }

    public IReadOnlyDictionary<string, byte[]> Save() => TrainerState.Save(_optimizer, Completed);

    public void Restore(IReadOnlyDictionary<string, byte[]> files) => Completed = TrainerState.Restore(_optimizer, files);

    public void Dispose() => _optimizer.Dispose();
}
