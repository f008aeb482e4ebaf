using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>The losses of one minibatch, in one or more parts whose gradients add up to the whole's: all weights are those of the whole.</summary>
sealed class MinibatchLoss
{
    readonly PpoModels _models;
    readonly PpoHParams _hparams;
    readonly Rollout _rollout;
    readonly Tensor _advantages, _weights, _mean;
    readonly Tensor? _returns;
    readonly int[] _rows;
    readonly TrainingBatch _source;

    public MinibatchLoss(
        PpoModels models, PpoHParams hparams, Rollout rollout, Tensor advantages, Tensor? returns, int[] rows, TrainingBatch source)
    {
        (_models, _hparams, _rollout, _returns, _rows, _source) = (models, hparams, rollout, returns, rows, source);
        var index = Index(rows);
        var mask = rollout.Batch.Mask.index_select(0, index);
        _mean = LossWeights.Of(mask, LossAggregation.TokenMean, 0);
        _weights = hparams.LossAggregation == LossAggregation.TokenMean ? _mean : LossWeights.Of(mask, hparams.LossAggregation, hparams.MaxNewTokens);
        _advantages = advantages.index_select(0, index);
        if (hparams.Whitening == WhiteningScope.Minibatch) _advantages = Advantages.Whiten(_advantages, mask, hparams.WhiteningVariance);
    }

    /// <summary>True in the warm-up of the value head: the policy gets no gradient.</summary>
    public required bool ValueOnly { get; init; }

    public required double KlCoefficient { get; init; }

    /// <summary>The minibatch's figures under their published names.</summary>
    public Dictionary<string, double> Figures { get; } = [];

    /// <summary>Adds the gradients of <paramref name="count"/> rows from <paramref name="first"/> on.</summary>
    public void Backward(int first, int count)
    {
        using var scope = NewDisposeScope();
        var rows = _rows[first..(first + count)];
        var batch = CompletionBatch.Of([.. rows.Select(r => _rollout.Samples[r])], _models.PadId, _models.Policy.Device);
        var width = (int)batch.Mask.shape[1];
        var index = Index(rows);
        Tensor Rows(Tensor rollout) => rollout.index_select(0, index)[.., ..width];
        Tensor Part(Tensor minibatch) => minibatch[first..(first + count), ..width];

        Tensor hidden;
        using (ValueOnly ? no_grad() : null) hidden = PolicyWithValue.Hidden(_models.Policy, batch);
        var loss = zeros([], device: hidden.device);
        if (!ValueOnly) loss = PolicyLoss(hidden, batch, Rows, Part);
        if (_returns is not null) loss = loss.Plus(ValueLoss(hidden, Rows, Part).mul(Number(ValueOnly ? 1 : _hparams.ValueCoefficient)));
        GradientCheckpoint.Backward(loss);
    }

    Tensor PolicyLoss(Tensor hidden, CompletionBatch batch, Func<Tensor, Tensor> rows, Func<Tensor, Tensor> part)
    {
        var (weights, mean) = (part(_weights), part(_mean));
        var (logprobs, entropy) = PolicyWithValue.Logprobs(_models.Policy, hidden, batch, _hparams.Temperature, withEntropy: _hparams.EntropyCoefficient > 0);
        var (tokens, clipped, ratio, difference) = PpoLoss.Policy(
            logprobs, rows(_rollout.Logprobs), part(_advantages), _hparams.ClipRange, _hparams.ClipRangeHigh, _hparams.DualClip, _hparams.LogRatioClamp);
        var loss = (tokens * weights).sum();
        Add("ppo/loss/policy", "policy loss", loss);
        Add("ppo/policy/clipfrac", "clip fraction", (clipped * mean).sum());
        Add("ppo/policy/approxkl", "approximate KL", (difference.Squared().div(Number(2)) * mean).sum());
        Add("ppo/policy/ratio", "probability ratio", (ratio * mean).sum());
        Figures["ppo/policy/ratio_max"] = Math.Max(Figures.GetValueOrDefault("ppo/policy/ratio_max"), (ratio * batch.Mask).max().Value());
        if (_hparams.KlPlacement == KlPlacement.Loss)
        {
            var kl = (KlPenalty.Estimate(logprobs, rows(_rollout.ReferenceLogprobs), _hparams.KlEstimator) * weights).sum();
            Add("ppo/loss/kl", "KL loss", kl);
            loss = loss.Plus(kl * Number(KlCoefficient));
        }
        if (entropy is not null)
        {
            var bonus = (entropy * weights).sum();
            Add("ppo/loss/entropy", "entropy", bonus);
            loss = loss - bonus * Number(_hparams.EntropyCoefficient);
        }
        return loss;
    }

    Tensor ValueLoss(Tensor hidden, Func<Tensor, Tensor> rows, Func<Tensor, Tensor> part)
    {
        var (tokens, clipped) = PpoLoss.Value(_models.Value!.Forward(hidden), rows(_rollout.Values!), rows(_returns!), _hparams.ValueClipRange);
        var loss = (tokens * part(_mean)).sum();
        Add("ppo/loss/value", "value loss", loss);
        Add("ppo/val/clipfrac", "value clip fraction", (clipped * part(_mean)).sum());
        return loss;
    }

    void Add(string metric, string tensor, Tensor value) => Figures[metric] = Figures.GetValueOrDefault(metric) + _source.Finite(tensor, value);

    Tensor Index(int[] rows) => tensor(rows.Select(r => (long)r).ToArray(), device: _rollout.Logprobs.device);
}
