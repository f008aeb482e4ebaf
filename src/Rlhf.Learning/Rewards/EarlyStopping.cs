using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// Looks at pairs that are not trained on every so many updates; when their negative log-likelihood has not fallen for a number of looks the
/// training ends, and the reward model goes back to the weights of the best look.
/// </summary>
public sealed class EarlyStopping : IDisposable, IState
{
    readonly RewardModel _rewardModel;
    readonly IReadOnlyList<(ScoredText Chosen, ScoredText Rejected)> _pairs;
    readonly int _patience, _batchSize;
    readonly Tensor[] _best;
    double _bestNll = double.PositiveInfinity;
    int _looksSince;

    /// <param name="rewardModel">What is trained; its weights stay the caller's.</param>
    /// <param name="pairs">Judged pairs (no ties), chosen and rejected; at least one.</param>
    /// <param name="every">Updates between two looks, at least 1.</param>
    /// <param name="patience">Looks without a new best after which the training ends, at least 1.</param>
    /// <param name="batchSize">Texts scored at a time.</param>
    public EarlyStopping(RewardModel rewardModel, IReadOnlyList<(ScoredText Chosen, ScoredText Rejected)> pairs, int every, int patience, int batchSize)
    {
        (_rewardModel, _pairs, Every, _patience, _batchSize) = (rewardModel, pairs, every, patience, batchSize);
        _best = [.. Sets.Select(s => s.Flat.detach().clone().DetachFromDisposeScope())];
    }

    public int Every { get; }

    /// <summary>True where the training is to end.</summary>
    public bool Stopped { get; private set; }

    IEnumerable<(string Name, Tensor Value)> IState.Tensors => _best.Select((best, i) => ($"{i}.best", best));

    double[] IState.Numbers
    {
        get => [_bestNll, _looksSince, Stopped ? 1 : 0];
        set => (_bestNll, _looksSince, Stopped) = (value[0], (int)value[1], value[2] != 0);
    }

    IEnumerable<ParameterSet> Sets => [_rewardModel.Model.Trainable, _rewardModel.Head.Parameters];

    /// <summary>Mean negative log-likelihood of the pairs, in nats; ends the training where <paramref name="last"/> or patience is used up.</summary>
    internal double Look(bool last, CancellationToken cancellationToken)
    {
        var raw = _rewardModel.Raw([.. _pairs.SelectMany(p => new[] { p.Chosen, p.Rejected })], _batchSize, cancellationToken);
        var margins = Enumerable.Range(0, _pairs.Count).Select(i => (raw[2 * i] - (double)raw[2 * i + 1], 1.0)).ToList();
        var nll = Margins.NegativeLogLikelihood(margins, beta: 1);
        using var noGrad = no_grad();
        if (nll < _bestNll)
        {
            (_bestNll, _looksSince) = (nll, 0);
            foreach (var (set, best) in Sets.Zip(_best)) best.copy_(set.Flat);
        }
        else
        {
            _looksSince++;
        }
        if (last || _looksSince >= _patience)
        {
            Stopped = true;
            foreach (var (set, best) in Sets.Zip(_best)) set.Flat.copy_(best);
        }
        return nll;
    }

    public void Dispose()
    {
        foreach (var tensor in _best) tensor.Dispose();
    }
}
