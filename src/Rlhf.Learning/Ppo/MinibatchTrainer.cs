using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Sft;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>One optimizer step's work: its update (from 0), its number in the whole training (from 0), and the rollout's rows.</summary>
sealed record Minibatch(int Update, long Number, int[] Rows);

/// <summary>Trains the policy and its value head on minibatches of a rollout: losses, gradients, guards, optimizer steps.</summary>
sealed class MinibatchTrainer : IDisposable
{
    readonly PpoModels _models;
    readonly PpoHParams _hparams;
    readonly IReadOnlyList<int[]> _texts;
    readonly Shuffle? _textOrder;
    readonly IReadOnlyList<ParameterSet> _trained;
    readonly AdamW _policy;
    // Of its own, since the value head is stepped in the warm-up and the policy's bias correction must not count those steps.
    readonly AdamW? _value;
    readonly WeightAverage? _average;

    public MinibatchTrainer(PpoModels models, PpoHParams hparams, IReadOnlyList<int[]> texts)
    {
        if (hparams.Advantages == AdvantageEstimator.Gae != models.Value is not null)
            throw new ArgumentException($"'advantages' is {hparams.Advantages} with{(models.Value is null ? "out" : "")} a value head; expected one for Gae only.");
        if (hparams.PtxCoefficient > 0 != texts.Count > 0)
            throw new ArgumentException($"'ptxCoefficient' is {hparams.PtxCoefficient} with {texts.Count} texts; expected texts exactly where it is above 0.");
        (_models, _hparams, _texts) = (models, hparams, texts);
        _textOrder = texts.Count > 0 ? new(texts.Count, hparams.Seed) : null;
        _policy = new([models.Policy.Trainable], weightDecay: 0, hparams.Adam);
        _value = models.Value is { } value ? new([value.Parameters], weightDecay: 0, hparams.Adam) : null;
        _trained = models.Value is null ? [models.Policy.Trainable] : [models.Policy.Trainable, models.Value.Parameters];
        _average = hparams.Ema > 0 ? new(_trained, hparams.Ema) : null;
    }

    public IEnumerable<(string Prefix, IState State)> States
    {
        get
        {
            yield return ("policy.", _policy);
            if (_value is not null) yield return ("value.", _value);
            if (_average is not null) yield return ("average.", _average);
        }
    }

    public void TakeAverage() => _average?.Apply();

    /// <summary>At most one optimizer step; false where the rest of the update is to be left out.</summary>
    public bool Train(Rollout rollout, Tensor advantages, Tensor? returns, Minibatch minibatch, double klCoefficient, PpoStatistics statistics)
    {
        using var scope = NewDisposeScope();
        var source = rollout.Source with
        {
            Ids = [.. minibatch.Rows.Select(r => rollout.Source.Ids[r])],
            Sequences = [.. minibatch.Rows.Select(r => rollout.Source.Sequences[r])],
        };
        var losses = new MinibatchLoss(_models, _hparams, rollout, advantages, returns, minibatch.Rows, source)
        {
            ValueOnly = _value is not null && minibatch.Update < _hparams.ValueWarmupUpdates,
            KlCoefficient = klCoefficient,
        };
        var size = _hparams.MicrobatchSize > 0 ? _hparams.MicrobatchSize : minibatch.Rows.Length;
        for (var first = 0; first < minibatch.Rows.Length; first += size) losses.Backward(first, size);
        if (_textOrder is not null && !losses.ValueOnly) BackwardTexts(minibatch, losses.Figures);
        if (Refuses(losses.Figures, statistics) is { } goOn)
        {
            Gradients.Clear(_trained);
            return goOn;
        }
        losses.Figures["ppo/grad_norm"] = Gradients.Clip(_trained, _hparams.MaxGradientNorm, source);
        var learningRate = LearningRates.At(_hparams.Anneal, _hparams.LearningRate, minibatch.Update, _hparams.WarmupUpdates, _hparams.Updates);
        if (!losses.ValueOnly) _policy.Step(learningRate);
        _value?.Step(learningRate);
        _average?.Add();
        losses.Figures["ppo/lr"] = learningRate;
        statistics.Add(losses.Figures);
        return true;
    }

    /// <summary>Null where the step may be done; otherwise whether the update goes on with the next minibatch.</summary>
    bool? Refuses(IReadOnlyDictionary<string, double> figures, PpoStatistics statistics)
    {
        if (_hparams.KlStop > 0 && figures.GetValueOrDefault("ppo/policy/approxkl") > _hparams.KlStop)
        {
            statistics.Count("ppo/policy/stopped");
            return false;
        }
        if (_hparams.MaxRatio > 0 && figures.GetValueOrDefault("ppo/policy/ratio") > _hparams.MaxRatio)
        {
            statistics.Count("ppo/policy/skipped");
            return true;
        }
        return null;
    }

    void BackwardTexts(Minibatch minibatch, Dictionary<string, double> figures)
    {
        using var scope = NewDisposeScope();
        var rows = Enumerable.Range(0, _hparams.PtxBatchSize).Select(i => _textOrder![minibatch.Number * _hparams.PtxBatchSize + i]).ToList();
        var source = new TrainingBatch(minibatch.Update + 1, [.. rows.Select(r => $"text {r}")], [.. rows.Select(r => _texts[r])]);
        var loss = SupervisedTrainer.Loss(_models.Policy, TokenBatch.Pad(source.Sequences, _models.PadId, _models.Policy.Device));
        figures["ppo/loss/ptx"] = source.Finite("language-modeling loss", loss);
        GradientCheckpoint.Backward(loss.mul(Number(_hparams.PtxCoefficient)));
    }

    public void Dispose()
    {
        _policy.Dispose();
        _value?.Dispose();
        _average?.Dispose();
    }
}
