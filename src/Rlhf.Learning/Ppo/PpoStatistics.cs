using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Gathers the figures of one update under their published names (Ziegler et al. 2019). Padding never counts.</summary>
sealed class PpoStatistics
{
    readonly List<double> _policyLoss = [], _clipFraction = [], _approximateKl = [], _valueLoss = [], _valueClipFraction = [], _norm = [];

    public void AddPolicy(Tensor loss, Tensor clipFraction, Tensor approximateKl)
    {
        _policyLoss.Add(loss.ToSingle());
        _clipFraction.Add(clipFraction.ToSingle());
        _approximateKl.Add(approximateKl.ToSingle());
    }

    public void AddValue(Tensor loss, Tensor clipFraction)
    {
        _valueLoss.Add(loss.ToSingle());
        _valueClipFraction.Add(clipFraction.ToSingle());
    }

    public void GradientNorm(double norm) => _norm.Add(norm);

    public Dictionary<string, double> Summarize(Rollout rollout, Tensor rewards, Tensor returns, PpoHParams hparams)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var mask = rollout.Batch.Mask.to_type(ScalarType.Float32);
        var sequences = (double)mask.shape[0];
        double PerSequence(Tensor values) => (values * mask).sum().ToSingle() / sequences;
        double PerToken(Tensor values) => PpoLoss.Mean(values, rollout.Batch.Mask).ToSingle();

        var score = rollout.Scores.Average(s => (double)s);
        var nonScore = PerSequence(rewards) - rollout.PenalizedScores.mean().ToSingle();
        var returnMean = PerToken(returns);
        var returnVariance = PerToken((returns - returnMean).square());
        var error = PerToken((rollout.Values - returns).square());
        var metrics = new Dictionary<string, double>
        {
            ["objective/kl"] = PerSequence(rollout.Logprobs - rollout.ReferenceLogprobs),
            ["objective/kl_coef"] = hparams.KlCoefficient,
            ["objective/entropy"] = PerSequence(rollout.Logprobs.neg()),
            ["objective/score"] = score,
            ["objective/score_std"] = Math.Sqrt(rollout.Scores.Average(s => (s - score) * (s - score))),
            ["objective/non_score_reward"] = nonScore,
            ["objective/rlhf_reward"] = score + nonScore,
            ["ppo/policy/entropy"] = PerToken(rollout.Entropy),
            ["ppo/returns/mean"] = returnMean,
            ["ppo/returns/var"] = returnVariance,
            ["ppo/val/error"] = error,
            ["ppo/loss/value"] = _valueLoss.Average(),
            ["ppo/val/clipfrac"] = _valueClipFraction.Average(),
            ["ppo/grad_norm"] = _norm.Average(),
            ["completion/length"] = rollout.Batch.Lengths.to_type(ScalarType.Float32).mean().ToSingle(),
            ["completion/finished"] = rollout.Finished.Average(f => f ? 1.0 : 0.0),
        };
        if (returnVariance > 0) metrics["ppo/val/var_explained"] = 1 - error / returnVariance;
        if (_policyLoss.Count > 0)
        {
            metrics["ppo/loss/policy"] = _policyLoss.Average();
            metrics["ppo/policy/clipfrac"] = _clipFraction.Average();
            metrics["ppo/policy/approxkl"] = _approximateKl.Average();
        }
        return metrics;
    }
}
