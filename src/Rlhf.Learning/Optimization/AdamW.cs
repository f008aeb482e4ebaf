using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019; PyTorch's placement of epsilon), over flat parameter buffers: a dozen
/// tensor operations a step however many weights there are, and a state of two tensors that checkpoints exactly.
/// </summary>
public sealed class AdamW : IDisposable
{
    const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    readonly IReadOnlyList<ParameterSet> _sets;
    readonly List<Tensor> _first = [];
    readonly List<Tensor> _second = [];
    readonly double _weightDecay;

    public AdamW(IReadOnlyList<ParameterSet> sets, double weightDecay)
    {
        _sets = sets;
        _weightDecay = weightDecay;
        foreach (var set in sets)
        {
            _first.Add(zeros_like(set.Flat).DetachFromDisposeScope());
            _second.Add(zeros_like(set.Flat).DetachFromDisposeScope());
        }
    }

    /// <summary>Steps done.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Takes the gradients of all sets, scales them so that their joint norm is at most <paramref name="maxGradientNorm"/>, does one step, and
    /// clears them. Returns the norm before scaling.
    /// </summary>
    /// <exception cref="InvalidDataException">The gradient is not finite; nothing was changed.</exception>
    public double Step(double learningRate, double maxGradientNorm)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var gradients = _sets.Select(s => s.GatherGradient()).ToList();
        var norm = Math.Sqrt(gradients.Sum(g => (double)g.square().sum().ToSingle()));
        if (!double.IsFinite(norm)) throw new InvalidDataException($"The gradient's norm is {norm} at optimizer step {Count + 1}; expected a finite number.");

        Count++;
        var scale = norm > maxGradientNorm ? maxGradientNorm / norm : 1.0;
        var stepSize = learningRate / (1 - Math.Pow(Beta1, Count));
        var correction = 1 / Math.Sqrt(1 - Math.Pow(Beta2, Count));
        for (var i = 0; i < _sets.Count; i++)
        {
            var gradient = gradients[i].mul_(scale);
            _first[i].mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
            _second[i].mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            if (_weightDecay > 0) _sets[i].Flat.mul_(1 - learningRate * _weightDecay);
            _sets[i].Flat.addcdiv_(_first[i], _second[i].sqrt().mul_(correction).add_(Epsilon), -stepSize);
            _sets[i].ZeroGradient();
        }
        return norm;
    }

    /// <summary>Weights, both moments and the count, by tensor name.</summary>
    public IEnumerable<(string Name, Tensor Value)> State()
    {
        for (var i = 0; i < _sets.Count; i++)
        {
            yield return ($"{i}.weights", _sets[i].Flat);
            yield return ($"{i}.first", _first[i]);
            yield return ($"{i}.second", _second[i]);
        }
    }

    public void Restore(IReadOnlyDictionary<string, Tensor> state, int count)
    {
        using var noGrad = no_grad();
        foreach (var (name, value) in State())
        {
            if (!state.TryGetValue(name, out var saved) || saved.numel() != value.numel())
                throw new InvalidDataException($"The checkpoint has no tensor '{name}' of {value.numel()} numbers.");
            value.copy_(saved);
        }
        Count = count;
    }

    public void Dispose()
    {
        foreach (var moment in _first.Concat(_second)) moment.Dispose();
    }
}
