using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Sft;

/// <summary>What a supervised training depends on besides its sequences.</summary>
public sealed record SupervisedHParams(int Epochs, int BatchSize, double LearningRate, int WarmupUpdates, double WeightDecay, long Seed);

/// <summary>Next-token training: mean cross-entropy over every token but the first of each sequence.</summary>
public sealed class SupervisedTrainer(DecoderModel model, IReadOnlyList<int[]> sequences, int padId, SupervisedHParams hparams) : ITrainer
{
    readonly AdamW _optimizer = new([model.Trainable], hparams.WeightDecay);
    readonly Shuffle _order = new(sequences.Count, hparams.Seed);

    public int Updates { get; } = Math.Max(1, sequences.Count * hparams.Epochs / hparams.BatchSize);

    public int Completed { get; private set; }

    public IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var first = (long)Completed * hparams.BatchSize;
        var rows = Enumerable.Range(0, hparams.BatchSize).Select(i => _order[first + i]).ToList();
        var batch = new TrainingBatch(Completed + 1, [.. rows.Select(r => $"text {r}")], [.. rows.Select(r => sequences[r])]);

        var loss = Loss(model, TokenBatch.Pad(batch.Sequences, padId, model.Device));
        var value = batch.Finite("loss", loss);
        GradientCheckpoint.Backward(loss);
        var learningRate = LearningRates.WarmupCosine(hparams.LearningRate, Completed, hparams.WarmupUpdates, Updates);
        var norm = _optimizer.Step(learningRate, maxGradientNorm: 1.0, batch);
        Completed++;
        return new Dictionary<string, double> { ["sft/loss"] = value, ["sft/grad_norm"] = norm, ["sft/lr"] = learningRate };
    }

    /// <summary>Mean negative log-likelihood of the tokens after the first, in nats; a scalar tensor.</summary>
    public static Tensor Loss(DecoderModel model, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var inputs = batch.Tokens[.., ..^1]; // [batch, time - 1]
        var mask = batch.Mask()[.., 1..];
        var logits = model.Logits(model.Hidden(inputs).SelectRows(mask)); // [tokens, vocabulary]
        return nn.functional.cross_entropy(logits, batch.Tokens[.., 1..].masked_select(mask)).MoveToOuterDisposeScope();
    }

    public IEnumerable<KeyValuePair<string, Stream>> Save() => TrainerState.Save(_optimizer, Completed);

    public void Restore(IEnumerable<KeyValuePair<string, Stream>> files) => Completed = TrainerState.Restore(_optimizer, files);

    public void Dispose() => _optimizer.Dispose();
}
