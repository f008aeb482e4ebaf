using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>What the training of a reward model depends on besides its pairs.</summary>
public sealed record RewardModelHParams(int Epochs, int BatchSize, double LearningRate, int WarmupUpdates, double WeightDecay, long Seed)
{
    /// <summary>Share of each label given to the other side, 0 to 0.5.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Weight of the centering term, at least 0.</summary>
    public double Centering { get; init; }
}

/// <summary>Fits a reward model to judged pairs; all texts of a batch of groups in one forward pass, each text once.</summary>
/// <param name="rewardModel">What is trained; its weights stay the caller's.</param>
/// <param name="groups">What it is trained on.</param>
/// <param name="hparams">How.</param>
/// <param name="stopping">Looks at held-out pairs and may end the training early; null: trains to the end.</param>
public sealed class RewardModelTrainer(
    RewardModel rewardModel, IReadOnlyList<PreferenceGroup> groups, RewardModelHParams hparams, EarlyStopping? stopping = null) : ITrainer
{
    readonly AdamW _optimizer = new([rewardModel.Model.Trainable, rewardModel.Head.Parameters], hparams.WeightDecay);
    readonly EpochOrder _order = new([.. groups.Select(g => g.Hard)], hparams.Seed);
    readonly PreferenceLoss _loss = new(hparams.LabelSmoothing, hparams.Centering);

    int Planned => Math.Max(1, _order.Length * hparams.Epochs / hparams.BatchSize);

    public int Updates => stopping is { Stopped: true } ? Completed : Planned;

    public int Completed { get; private set; }

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var first = (long)Completed * hparams.BatchSize;
        var batch = Enumerable.Range(0, hparams.BatchSize).Select(i => groups[_order[first + i]]).ToList();
        var (chosen, rejected, pairs) = Scores(batch);

        Tensor Column(Func<GroupPair, double> value) => tensor(pairs.Select(p => (float)value(p.Pair)).ToArray(), device: chosen.device);
        var perPair = _loss.PerPair(chosen, rejected, Column(p => p.Margin), Column(p => p.Probability), Column(p => p.Weight));
        // The mean over each group's pairs, then over the groups (Ouyang et al. 2022, equation 1).
        var loss = (perPair * tensor(pairs.Select(p => 1f / (p.InGroup * batch.Count)).ToArray(), device: chosen.device)).sum();
        var source = new TrainingBatch(Completed + 1, [.. batch.SelectMany(g => g.Texts.Select((_, i) => $"{g.Pairs[0].Id}/{i}"))], [.. batch.SelectMany(g => g.Texts).Select(t => t.Tokens)]);
        var value = source.Finite("reward model's loss", loss);
        GradientCheckpoint.Backward(loss);
        var learningRate = LearningRates.WarmupCosine(hparams.LearningRate, Completed, hparams.WarmupUpdates, Planned);
        var norm = _optimizer.Step(learningRate, maxGradientNorm: 1.0, source);
        Completed++;
        var metrics = Metrics((chosen - rejected).detach(), pairs.Select(p => p.Pair), value, norm, learningRate);
        if (stopping is not null && (Completed % stopping.Every == 0 || Completed == Planned))
            metrics["reward_model/validation_nll"] = stopping.Look(last: Completed == Planned, cancellationToken);
        return metrics;
    }

    (Tensor Chosen, Tensor Rejected, List<(GroupPair Pair, int InGroup)> Pairs) Scores(List<PreferenceGroup> batch)
    {
        var tokens = TokenBatch.Pad([.. batch.SelectMany(g => g.Texts).Select(t => t.Tokens)], rewardModel.Tokenizer.PadId, rewardModel.Model.Device);
        var scores = rewardModel.Raw(tokens);
        var (chosen, rejected, pairs) = (new List<long>(), new List<long>(), new List<(GroupPair, int)>());
        var offset = 0;
        foreach (var group in batch)
        {
            foreach (var pair in group.Pairs)
            {
                chosen.Add(offset + pair.Chosen);
                rejected.Add(offset + pair.Rejected);
                pairs.Add((pair, group.Pairs.Count));
            }
            offset += group.Texts.Count;
        }
        Tensor Pick(List<long> rows) => scores.index_select(0, tensor(rows.ToArray(), device: scores.device));
        return (Pick(chosen), Pick(rejected), pairs);
    }

    // Accuracy counts judged pairs only: a tie has no better side.
    static Dictionary<string, double> Metrics(Tensor margin, IEnumerable<GroupPair> pairs, double loss, double norm, double learningRate)
    {
        var decided = margin.cpu().data<float>().ToArray().Zip(pairs).Where(p => p.Second.Probability > 0.5).Select(p => p.First).ToList();
        var metrics = new Dictionary<string, double>
        {
            ["reward_model/loss"] = loss,
            ["reward_model/grad_norm"] = norm,
            ["reward_model/lr"] = learningRate,
        };
        if (decided.Count == 0) return metrics;
        metrics["reward_model/accuracy"] = decided.Average(m => m > 0 ? 1.0 : m < 0 ? 0.0 : 0.5);
        metrics["reward_model/margin"] = decided.Average(m => (double)m);
        return metrics;
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() => TrainerState.Save(States, Completed);

    public void Restore(IEnumerable<KeyValuePair<string, Stream>> files) => Completed = TrainerState.Restore(States, files);

    IReadOnlyList<(string Prefix, IState State)> States => stopping is null ? [("", _optimizer)] : [("", _optimizer), ("stopping.", stopping)];

    public void Dispose()
    {
        _optimizer.Dispose();
        stopping?.Dispose();
    }
}
