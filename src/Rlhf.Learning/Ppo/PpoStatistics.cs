using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Ppo;

/// <summary>Gathers the figures of one update under their published names (Ziegler et al. 2019). Padding never counts.</summary>
sealed class PpoStatistics
{
    readonly Dictionary<string, List<double>> _minibatches = [];
    readonly Dictionary<string, double> _counts = [];

    public void Add(IReadOnlyDictionary<string, double> figures)
    {
        foreach (var (name, value) in figures)
        {
            if (!_minibatches.TryGetValue(name, out var values)) _minibatches[name] = values = [];
            values.Add(value);
        }
    }

    /// <summary>One more minibatch that changed nothing, and why.</summary>
    public void Count(string name) => _counts[name] = _counts.GetValueOrDefault(name) + 1;

    public Dictionary<string, double> Summarize(Rollout rollout, Tensor rewards, Tensor? returns, double klCoefficient, RewardShaping shaping)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var mask = rollout.Batch.Mask.to_type(ScalarType.Float32);
        var score = rollout.Scores.Average(s => (double)s);
        var nonScore = (rewards * mask).sum().Value() / (double)mask.shape[0] - rollout.Shaped.mean().Value();
        var metrics = new Dictionary<string, double>
        {
            ["objective/kl"] = rollout.SequenceKl,
            ["objective/kl_coef"] = klCoefficient,
            ["objective/entropy"] = (rollout.Logprobs.neg() * mask).sum().Value() / (double)mask.shape[0],
            ["objective/score"] = score,
            ["objective/score_std"] = Math.Sqrt(rollout.Scores.Average(s => (s - score) * (s - score))),
            ["objective/non_score_reward"] = nonScore,
            ["objective/rlhf_reward"] = score + nonScore,
            ["ppo/policy/entropy"] = PpoLoss.Mean(rollout.Entropy, rollout.Batch.Mask).Value(),
            ["completion/length"] = rollout.Batch.Lengths.to_type(ScalarType.Float32).mean().Value(),
            ["completion/finished"] = rollout.Samples.Average(s => s.Finished ? 1.0 : 0.0),
        };
        if (shaping.Factor != 1) metrics["objective/score_scale"] = shaping.Factor;
        if (returns is not null) Values(metrics, rollout, returns);
        foreach (var (name, values) in _minibatches)
            metrics[name] = name == "ppo/policy/ratio_max" ? values.Max() : values.Average();
        foreach (var (name, count) in _counts) metrics[name] = count;
        return metrics;
    }

    static void Values(Dictionary<string, double> metrics, Rollout rollout, Tensor returns)
    {
        double PerToken(Tensor values) => PpoLoss.Mean(values, rollout.Batch.Mask).Value();
        var mean = PerToken(returns);
        var variance = PerToken((returns - Number(mean)).Squared());
        var error = PerToken((rollout.Values! - returns).Squared());
        metrics["ppo/returns/mean"] = mean;
        metrics["ppo/returns/var"] = variance;
        metrics["ppo/val/error"] = error;
        if (ExplainedVariance(error, variance) is { } explained) metrics["ppo/val/var_explained"] = explained;
    }

    /// <summary>1 − mean squared error / variance of the returns; none where the returns do not vary.</summary>
    internal static double? ExplainedVariance(double error, double variance) => variance > 0 ? 1 - error / variance : null;
}
