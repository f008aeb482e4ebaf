using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>An exponential moving average of weights: average ← decay·average + (1 − decay)·weights; it begins as the first weights.</summary>
public sealed class WeightAverage : IDisposable, IState
{
    readonly IReadOnlyList<ParameterSet> _sets;
    readonly List<Tensor> _averages;
    readonly double _decay;

    /// <param name="sets">The weights that are trained.</param>
    /// <param name="decay">In (0, 1).</param>
    public WeightAverage(IReadOnlyList<ParameterSet> sets, double decay)
    {
        (_sets, _decay) = (sets, decay);
        _averages = [.. sets.Select(s => s.Flat.detach().clone().DetachFromDisposeScope())];
    }

    IEnumerable<(string Name, Tensor Value)> IState.Tensors => _averages.Select((average, i) => ($"{i}.average", average));

    /// <summary>Takes in the weights as they are now.</summary>
    public void Add()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        for (var i = 0; i < _sets.Count; i++) _averages[i].mul_(Number(_decay)).add_(_sets[i].Flat, alpha: Number(1 - _decay));
    }

    /// <summary>Puts the average into the weights.</summary>
    public void Apply()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        for (var i = 0; i < _sets.Count; i++) _sets[i].Flat.copy_(_averages[i]);
    }

    public void Dispose()
    {
        foreach (var average in _averages) average.Dispose();
    }
}
